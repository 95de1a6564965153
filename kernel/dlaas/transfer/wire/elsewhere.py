"""Schemes that are not ours: rucio-clients reads them, in a process with an environment of its own.

Over https it never does: it verifies no server there, and shows our token to whoever answers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import errors
from dlaas.errors import DlaasError

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.transfer.wire.doors import Doors

SCHEMES = frozenset(
    ("file", "srm", "gsiftp", "gsidcap", "dcap", "globus", "storm", "rclone", "scp", "rsync")
)
# What its tools need of ours, and nothing else: no token, no login of Rucio's.
_PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH",
    "X509_CERT_DIR", "X509_USER_PROXY", "X509_VOMS_DIR", "GLOBUS_LOCATION", "GFAL_CONFIG_DIR",
    "GFAL_PLUGIN_DIR", "RCLONE_CONFIG", "SSH_AUTH_SOCK",
)  # fmt: skip
_TICK = 0.1
_REFUSED = frozenset(("RSEAccessDenied", "SourceAccessDenied", "DestinationNotAccessible"))
_LACKING = frozenset(
    ("ImportError", "ModuleNotFoundError", "NameError", "MissingDependency", "InvalidRSEExpression")
)


def is_elsewhere(pfn: str) -> bool:
    """Tell whether rucio-clients is to read a PFN."""
    return pfn.partition("://")[0].lower() in SCHEMES


@contextmanager
def fetched_elsewhere(doors: Doors, rse: str, pfn: str, folder: Path) -> Iterator[Path]:
    """Fetch a file into a folder of its own below `folder`, which ends with the context.

    Raises `StorageFailed`, `StorageRefused`, `NotAvailable`, `Cancelled`.
    """
    if not is_elsewhere(pfn):
        raise ValueError(pfn.partition("://")[0])
    own = Path(tempfile.mkdtemp(prefix=".dlaas-", suffix=".d", dir=folder))
    try:
        config = own / "rucio.cfg"
        config.write_text("[client]\n", encoding="ascii")
        target = own / "file"
        told = {"rse": doors.lake.rse_info(rse), "pfn": pfn, "target": str(target)}
        answer = _run(doors, json.dumps(told, default=str), _environment(doors.lake, config))
        if answer or not target.is_file():
            raise _failed(rse, pfn, answer)
        yield target
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _environment(lake: Lake, config: Path) -> dict[str, str]:
    found = {name: os.environ[name] for name in _PASSED if name in os.environ}
    cert, key = lake.instance.client_cert, lake.instance.client_key
    if cert and key in (None, "", cert):
        found["X509_USER_PROXY"] = os.path.expanduser(cert)
    return {**found, "RUCIO_CONFIG": str(config)}


def _run(doors: Doors, told: str, environment: dict[str, str]) -> dict[str, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dlaas.transfer.wire.by_rucio"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    asked: str | None = told
    try:
        while True:
            doors.refuse_stopped()
            with suppress(subprocess.TimeoutExpired):
                out, _ = process.communicate(asked, timeout=_TICK)
                break
            asked = None
    finally:
        if process.poll() is None:
            # With the tools that it runs.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.communicate()
    if process.returncode:
        return {"kind": "", "text": f"rucio-clients ended with code {process.returncode}"}
    answer: dict[str, str] = json.loads(out)
    return answer


def _failed(rse: str, pfn: str, answer: dict[str, str]) -> DlaasError:
    scheme = pfn.partition("://")[0]
    kind, text = answer.get("kind", ""), answer.get("text") or "no file came"
    said = f"{rse} by {scheme}, as rucio-clients says: {text}"
    details = {"rse": rse}
    if kind in _REFUSED:
        return errors.StorageRefused(said, details=details)
    if kind in _LACKING:
        return errors.NotAvailable(
            f"Nothing here reads {scheme}: {text}.",
            remedy="Install what rucio-clients needs for it (gfal2 mostly), or have the file"
            " replicated to an RSE that speaks https or root.",
            details=details,
        )
    return errors.StorageFailed(said, details=details)
