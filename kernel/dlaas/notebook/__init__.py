"""In an IPython kernel: variables that the panel attaches, and those of the notebook's record.

Every kernel of a hub may load this as it starts: what does the work is imported when it is used.
"""

from __future__ import annotations

import sys

# The name that type checkers know.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    from dlaas.notebook.attaching import Variable
    from dlaas.notebook.attachments import Recorded

COMM_TARGET = "dlaas"
# Later cells may tell which of two notebooks it is.
_MOST_CELLS = 5


def load(shell: Any = None) -> None:
    """Listen for the panel in this kernel; does nothing outside one, and nothing twice."""
    kernel = getattr(shell or _shell(), "kernel", None)
    manager = getattr(kernel, "comm_manager", None)
    if manager is None or COMM_TARGET in getattr(manager, "targets", {}):
        return
    manager.register_target(COMM_TARGET, _on_comm)


def load_ipython_extension(shell: Any) -> None:
    """Make `%load_ext dlaas` restore the variables of the notebook's record.

    Where a kernel loads it as it starts, they are made when the first cell runs.
    """
    load(shell)
    shell.user_ns.setdefault("resolve_dids", resolve_dids)
    if getattr(shell, "kernel", None) is not None:
        _Restorer(shell).begin()


def restore(path: str | os.PathLike[str] | None = None) -> dict[str, Variable]:
    """Make the variables of a notebook's record, set them in this notebook, and answer them.

    Without a path it is the notebook that runs here; in a plain script they are only answered. What
    a name holds already is left alone, and what cannot be made is said in a line. Raises
    `NotThere`, `InvalidInput`.
    """
    from dlaas.notebook import attaching, attachments

    shell = _shell()
    found = attachments.read(path) if path is not None else _running(shell)
    return attaching.restore(found.raw, shell.user_ns if shell is not None else {})


def resolve_dids() -> None:
    """Make the notebook's variables anew: with paths that have appeared since."""
    from dlaas.errors import DlaasError
    from dlaas.notebook import attaching

    shell = _shell()
    if shell is None:
        return
    try:
        raw = _running(shell).raw
    except DlaasError:
        # A notebook that was never saved has what the panel attached.
        raw = ()
    # What the panel says is newer than the file.
    attaching.restore((*raw, *attaching.attached()), shell.user_ns)


def attach(message: str | Mapping[str, Any]) -> dict[str, Any]:
    """Do what the panel's message says in the user's namespace, and answer the panel."""
    import json

    from dlaas.errors import InvalidInput, problem
    from dlaas.model import to_json
    from dlaas.notebook.attaching import handle

    try:
        content = json.loads(message) if isinstance(message, str) else dict(message)
        shell = _shell()
        if shell is None:
            raise InvalidInput("There is no IPython here to attach variables to.")
        load(shell)
        return handle(content, shell.user_ns)
    except Exception as error:
        return {"ok": False, "problem": to_json(problem(error))}


class _Restorer:
    """Restores a notebook's variables as soon as it is known which notebook runs here.

    That is at once where a cell loads the extension. Where the kernel does as it starts, nothing
    waits: it is when the first cell runs.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._left = _MOST_CELLS
        # Where nobody asked, as a console that loads the extension by itself, none is no problem.
        self._is_asked = False
        self._has_said = False

    def begin(self) -> None:
        """Restore now, or when the next cells run."""
        cells = _cells(self._shell)
        self._is_asked = bool(cells)
        if not cells or not self._restore(cells):
            self._shell.events.register("pre_run_cell", self._on_cell)

    def _on_cell(self, info: Any) -> None:
        self._left -= 1
        cells = [*_cells(self._shell), str(info.raw_cell or "")]
        if self._restore(cells) or not self._left:
            self._shell.events.unregister("pre_run_cell", self._on_cell)

    def _restore(self, cells: list[str]) -> bool:
        """Restore if it is known which notebook this is; answer whether it is settled."""
        from dlaas.errors import DlaasError
        from dlaas.notebook import attaching, running

        several = None
        try:
            found = running.find(self._shell.user_ns, cells)
        except running.Ambiguous as error:
            found, several = None, error
        except DlaasError as error:
            attaching.say("this notebook", error)
            return True
        if found is not None:
            attaching.restore(found.raw, self._shell.user_ns)
            return True
        is_missed = several or (self._is_asked and not running.is_console())
        # While there was nothing but imports, the next cell may tell.
        if is_missed and not self._has_said and any(map(running.tells, cells)):
            self._has_said = True
            attaching.say("this notebook", running.not_known(several))
        return False


def _running(shell: Any) -> Recorded:
    """Find the notebook that runs here; raises `NotThere`."""
    from dlaas.notebook import running

    try:
        found = running.find(shell.user_ns, _cells(shell)) if shell is not None else None
    except running.Ambiguous as several:
        raise running.not_known(several) from None
    if found is None:
        raise running.not_known()
    return found


def _cells(shell: Any) -> list[str]:
    """List the sources of the cells that this kernel was sent, the running one last."""
    history = getattr(shell, "history_manager", None)
    return [cell for cell in getattr(history, "input_hist_raw", [])[1:] if cell]


def _on_comm(comm: Any, message: Mapping[str, Any]) -> None:
    """Answer a comm's opening message and each later one, then close it."""

    def answer(received: Mapping[str, Any]) -> None:
        comm.send(attach(received["content"]["data"]))
        comm.close()

    if message["content"].get("data", {}).get("action"):
        answer(message)
    else:
        comm.on_msg(answer)


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


load()
