"""Giving up root's privileges for servers that refuse to run as root."""

from __future__ import annotations

import pwd
import shutil

NOBODY = "nobody"
CAPABILITIES = "+dac_override,+dac_read_search"


def unprivileged(server: str) -> list[str]:
    """The beginning of a command line that runs `server` as nobody, when we are root.

    It keeps the one capability that lets it reach root's own folders.
    """
    if not shutil.which("setpriv"):
        raise SystemExit(
            f"{server} does not run as root, and setpriv, which would drop root's privileges, is "
            "not installed. Install util-linux, or start the lake as an ordinary user."
        )
    owner = pwd.getpwnam(NOBODY)
    return [
        "setpriv",
        f"--reuid={owner.pw_uid}",
        f"--regid={owner.pw_gid}",
        "--clear-groups",
        # Without this access(2), by which initdb looks for its programs, ignores capabilities.
        "--securebits=+no_setuid_fixup",
        f"--inh-caps={CAPABILITIES}",
        f"--ambient-caps={CAPABILITIES}",
    ]
