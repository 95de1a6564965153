"""Proxies that carry a membership of a virtual organisation: by `voms-proxy-init`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import private
from dlaas.credentials.proxy import Proxy
from dlaas.credentials.x509_files import refused
from dlaas.rucio.translate import clean

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials.x509 import Identity

_COMMAND = "voms-proxy-init"
# In seconds; it asks a server of the organisation's.
_TIMEOUT = 60.0


def proxy_for(instance: Instance, identity: Identity, hours: float = 12.0) -> Proxy:
    """Make the proxy with which one logs in to an instance, by VOMS where it is configured.

    Raises `CannotAuthenticate` where VOMS gives none.
    """
    if identity.is_proxy or not (instance.voms_enabled and instance.vo):
        return identity.proxy(hours)
    if shutil.which(_COMMAND) is None:
        raise refused(
            "no_voms",
            f"{instance.title} wants proxies of {instance.vo}, and {_COMMAND} is not installed.",
            "Ask whoever runs this server to install the VOMS clients, or choose a ready proxy.",
        )
    return _made_by_voms(instance, identity, hours)


def _made_by_voms(instance: Instance, identity: Identity, hours: float) -> Proxy:
    from dlaas.credentials.x509 import open_certificate

    with tempfile.TemporaryDirectory(prefix="dlaas-") as name:
        base, made = Path(name, "base"), Path(name, "made")
        # It signs the new one, so that no passphrase has to be told to another program.
        private.write(base, identity.proxy(hours).pem)
        done = _run([_COMMAND, "-noregen", *_options(instance, hours), "-out", str(made)], base)
        if done.returncode != 0 or not made.is_file():
            said = clean((done.stderr or done.stdout).strip()) or "it did not say why."
            raise refused(
                "voms_failed",
                f"{_COMMAND} gave no proxy of {instance.vo}: {said}",
                f"Check that this certificate is a member of {instance.vo}.",
            )
        made.chmod(0o600)
        return open_certificate(made).proxy()


def _options(instance: Instance, hours: float) -> list[str]:
    valid = f"{int(hours)}:{int(hours * 60) % 60:02d}"
    options = ["-voms", str(instance.vo), "-valid", valid]
    places = {
        "-vomses": instance.voms_vomses_path,
        "-certdir": instance.voms_certdir_path,
        "-vomsdir": instance.voms_vomsdir_path,
    }
    return options + [word for name, path in places.items() if path for word in (name, path)]


def _run(command: list[str], base: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "X509_USER_PROXY": str(base)}
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise refused(
            "voms_failed",
            f"{_COMMAND} did not work ({type(error).__name__}).",
            "Try again later, or tell whoever runs this server.",
        ) from None
