"""Which notebook file runs in this kernel: told, launched, or the one that lies beside it.

A kernel is told little. A Jupyter server sets `JPY_SESSION_NAME`; Visual Studio Code sets
`__vsc_ipynb_file__`; nbconvert, papermill and nbclient say nothing, but the command line of the
process that launched the kernel names the file, or the working folder holds it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from dlaas import attachments
from dlaas.attachments import Recorded
from dlaas.errors import DlaasError, NotThere

# More notebooks in one folder, or larger ones, are not looked through: a kernel is starting.
_MOST_BESIDE = 100
_LARGEST = 64 * 2**20
_NAMED_BY_RUNNERS = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")


class Ambiguous(Exception):
    """Several notebooks with different records may be the one that runs."""

    def __init__(self, paths: list[Path]) -> None:
        super().__init__(", ".join(str(path) for path in paths))
        self.paths = paths


def find(namespace: Mapping[str, Any], cells: Iterable[str]) -> Recorded | None:
    """Find the notebook that runs here; None when it cannot be known.

    `cells` are the sources that the kernel has been sent so far. `DLAAS_NOTEBOOK` in the
    environment is a word of command. Raises `Ambiguous`; `NotThere` and `InvalidInput` where the
    word is wrong.
    """
    by_hand = os.environ.get("DLAAS_NOTEBOOK")
    if by_hand:
        return attachments.read(by_hand)
    told = next(_readable(_told(namespace)), None)
    if told is not None:
        return told
    if _session() is not None:
        # It was renamed since, or is no notebook: to guess would be to take another's.
        return None
    ran = [attachments.plain(cell) for cell in cells]
    launched = list(_readable(_launched()))
    return _chosen(launched, ran, sure=True) or _chosen(list(_beside()), ran, sure=False)


def not_known(several: Ambiguous | None = None) -> NotThere:
    """Make the error for a notebook that cannot be told from others, or not be found."""
    what = f"it may be one of {several}" if several else "its file is not found from here"
    return NotThere(
        f"Which notebook runs here is not known ({what}), so its variables are not restored.",
        remedy='Name it: dlaas.notebook.restore("name.ipynb"), or set DLAAS_NOTEBOOK.',
    )


def is_console() -> bool:
    """Tell whether a Jupyter server says that no notebook runs here."""
    session = _session()
    return session is not None and not session.endswith(".ipynb")


def _told(namespace: Mapping[str, Any]) -> Iterator[Path]:
    for name in _NAMED_BY_RUNNERS:
        path = namespace.get(name)
        if isinstance(path, str) and path.endswith(".ipynb"):
            yield from (base / path for base in _folders())
    session = _session()
    if session is not None and session.endswith(".ipynb"):
        yield Path(session)


def _session() -> str | None:
    """Answer the server's name for this kernel's session, unless another kernel's is inherited.

    A papermill that is run in a notebook's cell hands that notebook's name on to its kernels.
    """
    name = os.environ.get("JPY_SESSION_NAME")
    if not name:
        return None
    _, _, environment = _launcher()
    return None if environment.get("JPY_SESSION_NAME") == name else name


def _launched() -> Iterator[Path]:
    """Yield what the launching process's command line may mean by a notebook."""
    arguments, folder, _ = _launcher()
    bases = [*([Path(folder)] if folder else []), *_folders()]
    for before, argument in pairwise(arguments):
        # What an earlier run put out has an earlier record.
        if argument.endswith(".ipynb") and before != "--output":
            yield from (base / argument for base in bases)


def _beside() -> Iterator[Recorded]:
    """Yield the notebooks of the working folder that have a record."""
    found = sorted(Path.cwd().glob("*.ipynb"))
    if len(found) <= _MOST_BESIDE:
        yield from (one for one in _readable(found) if one.raw)


def _folders() -> list[Path]:
    """List what a relative path may start from: here, and where papermill was before `--cwd`."""
    shells = os.environ.get("PWD")
    return [Path.cwd(), *([Path(shells)] if shells else [])]


def _readable(paths: Iterable[Path]) -> Iterator[Recorded]:
    """Read each notebook once, those that can be."""
    seen = set()
    for path in paths:
        try:
            real = path.resolve()
            if real in seen or not real.is_file() or real.stat().st_size > _LARGEST:
                continue
            seen.add(real)
            yield attachments.read(real)
        except (DlaasError, OSError):
            continue


def _chosen(found: list[Recorded], ran: list[str], sure: bool) -> Recorded | None:
    """Choose the notebook whose cells ran; when not `sure` one of them must have."""
    scores = {one.path: sum(cell in one.sources for cell in ran) for one in found}
    best = max(scores.values(), default=0)
    if not best and not sure:
        return None
    left = [one for one in found if scores[one.path] == best]
    if any(one.raw != left[0].raw for one in left):
        raise Ambiguous([one.path for one in left])
    return left[0] if left else None


def _launcher() -> tuple[list[str], str | None, dict[str, str]]:
    """Answer command line, folder and environment of the process that launched this kernel."""
    try:
        # It comes with ipykernel.
        import psutil
    except ImportError:
        return [], None, {}
    pid = os.environ.get("JPY_PARENT_PID", "")
    try:
        # On Windows the variable holds a handle.
        known = pid.isdigit() and sys.platform != "win32"
        process = psutil.Process(int(pid) if known else os.getppid())
        return process.cmdline(), process.cwd(), process.environ()
    except (OSError, psutil.Error):
        return [], None, {}
