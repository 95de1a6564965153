"""Which notebook file runs in this kernel: told, launched, or the one that lies beside it.

A kernel is told little. A Jupyter server sets `JPY_SESSION_NAME`; Visual Studio Code sets
`__vsc_ipynb_file__`; nbconvert, papermill and nbclient say nothing, but the command line of the
process that launched the kernel names the file, or the working folder holds it. Another notebook's
variables are worse than none: a file that nobody told of must hold cells that ran here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from dlaas import handover
from dlaas.errors import DlaasError, NotThere
from dlaas.notebook import attachments
from dlaas.notebook.attachments import Recorded

# More notebooks in one folder, or more bytes, are not looked through: a kernel is starting.
_MOST_BESIDE = 100
_LARGEST = 64 * 2**20
_NAMED_BY_RUNNERS = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")
# Lines with which any notebook may begin.
_COMMON = ("%", "#", "import ", "from ")


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
    try:
        return _found(namespace, [attachments.plain(cell) for cell in cells])
    except OSError:
        # The working folder is gone.
        return None


def _found(namespace: Mapping[str, Any], ran: list[str]) -> Recorded | None:
    told = next(_readable(_told(namespace)), None)
    if told is not None:
        return None if _is_anothers(told, ran) else told
    if _session() is not None:
        # It was renamed since, or is no notebook: to guess would be to take another's.
        return None
    launched = list(_readable(_launched()))
    return _chosen(launched, ran) or _chosen(_beside(), list(filter(tells, ran)))


def tells(cell: str) -> bool:
    """Tell whether a cell is more than the imports and magics that many notebooks begin with."""
    lines = (line.strip() for line in cell.splitlines())
    return any(line and not line.startswith(_COMMON) for line in lines)


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
        own = Path(session)
        # An older server names it from its own folder, of which the kernel is not told.
        beside = Path.cwd() / own.name
        if own.is_absolute():
            yield own
        elif beside.as_posix().endswith(f"/{own.as_posix()}"):
            yield beside


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
    if (handover.runtime_dir() / f"jpserver-{_launcher_id()}.json").exists():
        # A server opens with one notebook and runs many.
        return
    arguments, folder, _ = _launcher()
    bases = [*([Path(folder)] if folder else []), *_folders()]
    for before, argument in pairwise(arguments):
        # What an earlier run put out has an earlier record.
        if argument.endswith(".ipynb") and before != "--output":
            yield from (base / argument for base in bases)


def _is_anothers(told: Recorded, ran: list[str]) -> bool:
    """Tell whether what ran is another notebook's, beside the one that the kernel was told of.

    It is where the file was renamed since and another took its name, or where two share a kernel.
    """
    telling = set(filter(tells, ran))
    if not telling or telling & told.sources:
        return False
    return any(telling & one.sources for one in _beside())


def _beside() -> list[Recorded]:
    """List the notebooks of the working folder; none where it holds too much to look through."""
    found = [path for path in sorted(Path.cwd().glob("*.ipynb")) if path.is_file()]
    if len(found) > _MOST_BESIDE or sum(path.stat().st_size for path in found) > _LARGEST:
        return []
    return list(_readable(found))


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


def _chosen(found: list[Recorded], ran: list[str]) -> Recorded | None:
    """Choose the notebook that holds most of what ran; None where none holds any of it."""
    scores = {one.path: sum(cell in one.sources for cell in ran) for one in found}
    best = max(scores.values(), default=0)
    left = [one for one in found if best and scores[one.path] == best]
    if any(one.raw != left[0].raw for one in left):
        raise Ambiguous([one.path for one in left])
    return left[0] if left else None


def _launcher_id() -> int:
    pid = os.environ.get("JPY_PARENT_PID", "")
    # On Windows the variable holds a handle.
    known = pid.isdigit() and sys.platform != "win32"
    return int(pid) if known else os.getppid()


def _launcher() -> tuple[list[str], str | None, dict[str, str]]:
    """Answer command line, folder and environment of the process that launched this kernel."""
    try:
        # It comes with ipykernel.
        import psutil
    except ImportError:
        return [], None, {}
    try:
        process = psutil.Process(_launcher_id())
        return process.cmdline(), process.cwd(), process.environ()
    except (OSError, psutil.Error):
        return [], None, {}
