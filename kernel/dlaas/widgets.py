"""Widgets for notebooks: how far a wait or a transfer is, and a choice among DIDs.

They are ipywidgets and nothing else, so they work wherever those do: JupyterLab, Notebook, Voila.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any

try:
    # It publishes no types.
    import ipywidgets  # type: ignore[import-untyped]
except ImportError as error:
    raise ImportError(
        "dlaas.widgets needs ipywidgets: pip install 'jupyter-dlaas-kernel[widgets]'",
        name="ipywidgets",
    ) from error
from traitlets import Any as AnyTrait

from dlaas.errors import Cancelled, problem
from dlaas.lifetime import said
from dlaas.model import Entry, Status
from dlaas.rucio.connection import lake_for
from dlaas.sizes import size_said
from dlaas.variables import MultipleItemDID
from dlaas.variables.item import SingleItemDID
from dlaas.variables.progress import said_progress
from dlaas.variables.waiting import Pace

if TYPE_CHECKING:
    from dlaas.catalogue import SearchType
    from dlaas.lake import Lake

__all__ = ["Picker", "Progress", "picker", "progress", "watch"]

# A list of more is not read, and takes long to draw.
_MOST_RESULTS = 200
# Seconds between two changes of what is shown: a transfer tells of every chunk.
_SHOWN_EVERY = 0.2
_WIDE = {"description_width": "initial"}


# As all of ipywidgets, its base is of no type.
class Progress(ipywidgets.VBox):  # type: ignore[misc]
    """A bar, a line of text and a button that cancels; call it with what there is to show.

    It takes what `wait` tells, a `Status`, and what uploads and downloads tell, bytes done and in
    all. The button shows once something listens to it: a wait, or a transfer that was given
    `cancelled`. While a cell runs it is heard where kernel and front end have subshells (ipykernel
    7, JupyterLab 4.4); elsewhere interrupt the kernel, or use `watch`.
    """

    def __init__(self, label: str = "", *, show: bool = True) -> None:
        self.bar = ipywidgets.FloatProgress(
            0, min=0, max=1, description=label or "Progress", style=_WIDE
        )
        self.text = ipywidgets.HTML()
        self.cancel = ipywidgets.Button(
            description="Cancel", tooltip="Stop waiting, or stop the transfer", icon="times"
        )
        self.cancel.layout.display = "none"
        self.cancel.on_click(self._on_cancel)
        _hear_while_busy(self.cancel)
        self.value: SingleItemDID | MultipleItemDID | None = None
        self._stop = threading.Event()
        self._show = show
        self._label = label
        self._pace = Pace()
        self._began: tuple[float, int] | None = None
        self._shown_at = 0.0
        super().__init__([ipywidgets.HBox([self.bar, self.cancel]), self.text])

    def __call__(self, done: Status | int, total: int | None = None) -> None:
        """Show how far it is; raises `Cancelled` in a wait that was cancelled."""
        self._appear()
        if isinstance(done, Status):
            self._listen()
            self._check()
            self._show_status(done)
        elif done == total or time.monotonic() - self._shown_at >= _SHOWN_EVERY:
            self._show_bytes(done, total or 0)

    def sleep(self, seconds: float) -> None:
        """Sleep between two looks; raises `Cancelled` as soon as the button is clicked."""
        self._listen()
        self._stop.wait(seconds)
        self._check()

    def cancelled(self) -> bool:
        """Tell whether the button was clicked; for the `cancelled` of a transfer."""
        if self.bar.value < 1:
            self._listen()
        return self._stop.is_set()

    def end(self) -> None:
        """Say that there is nothing left to cancel."""
        self.cancel.layout.display = "none"

    def say(self, text: str, style: str = "") -> None:
        """Show a text; `style` is success, warning or danger."""
        self.text.value = _status(text)
        self.bar.bar_style = style

    def fail(self, error: BaseException) -> None:
        """Show what went wrong, and the remedy."""
        self.say(_trouble(error), "danger")

    def _show_status(self, found: Status) -> None:
        if not self._label:
            self.bar.description = str(found.did)
        done, total = (
            (found.available_bytes, found.bytes)
            if found.bytes
            else (found.available_files, found.files or 0)
        )
        arrived = found.state in ("available", "empty")
        self.bar.value = 1.0 if arrived else done / total if total else 0.0
        style = "success" if arrived else "danger" if found.state == "stuck" else ""
        self.say(said_progress(found, self._pace.left(found)), style)

    def _show_bytes(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._began is None or done < self._began[1]:
            # Resumed, or the next file: what came before says nothing of this one's speed.
            self._began = (now, done)
        self._shown_at = now
        self.bar.value = done / total if total else 1.0
        since, start = self._began
        speed = (done - start) / (now - since) if now > since else 0.0
        parts = [f"{size_said(done)} of {size_said(total)}"]
        if done < total and speed:
            parts.append(f"{size_said(int(speed))}/s, about {said((total - done) / speed)} left")
        self.say(", ".join(parts), "success" if done == total else "")
        if done == total:
            self.end()

    def _appear(self) -> None:
        if self._show:
            from IPython.display import display

            self._show = False
            # IPython publishes types, but none of this function.
            display(self)  # type: ignore[no-untyped-call]

    def _listen(self) -> None:
        if self.cancel.layout.display == "none" and not self._stop.is_set():
            self.cancel.layout.display = None

    def _on_cancel(self, _button: Any) -> None:
        self._stop.set()
        self.cancel.layout.display = "none"
        self.say("Cancelled.", "warning")

    def _check(self) -> None:
        if self._stop.is_set():
            # A look that was under way may have shown something else since.
            self.say("Cancelled.", "warning")
            raise Cancelled("Cancelled; a rule that was made goes on.")


def _hear_while_busy(button: ipywidgets.Button) -> None:
    """Let a click take the subshell on which the front end sends it.

    ipykernel since 7.4 has it wait for the loop that made the button, which runs the cell.
    """
    with suppress(AttributeError):
        del button.comm._reply_subshell_id


def progress(label: str = "", *, show: bool = True) -> Progress:
    """Make what `wait(progress=...)`, `download` and `upload` show themselves on.

    For the cancel button in a transfer: `lake.download(did, progress=p, cancelled=p.cancelled)`.
    """
    return Progress(label, show=show)


def watch(item: SingleItemDID | MultipleItemDID, timeout: str | float | None = None) -> Progress:
    """Wait for a variable without keeping the cell; the answer's `value` will be it, renewed.

    For Voila, and wherever a button is not heard while a cell runs.
    """
    shown = Progress(show=False)

    def work() -> None:
        try:
            shown.value = item.wait(timeout, shown)
        except Cancelled:
            return
        except Exception as error:
            shown.fail(error)

    threading.Thread(target=work, name="dlaas-watch", daemon=True).start()
    return shown


# As all of ipywidgets, its base is of no type.
class Picker(ipywidgets.VBox):  # type: ignore[misc]
    """A search box and its results; `value` is the chosen one as a variable, or None.

    `observe(function, "value")` hears of each choice.
    """

    value = AnyTrait(None, allow_none=True)

    def __init__(
        self,
        pattern: str = "",
        type: SearchType = "all",  # noqa: A002
        *,
        lake: Lake | None = None,
    ) -> None:
        self._lake = lake
        self._found: dict[str, Entry] = {}
        self.search = ipywidgets.Text(
            pattern,
            description="Search",
            placeholder="scope:*part of the name*",
            # It is searched on Enter, not with every letter.
            continuous_update=False,
        )
        self.type = ipywidgets.Dropdown(
            options=["all", "collection", "dataset", "container", "file"],
            value=type,
            description="Type",
        )
        self.button = ipywidgets.Button(description="Search", tooltip="Search the catalogue")
        self.results = ipywidgets.Select(description="Results", rows=10, layout={"width": "auto"})
        self.text = ipywidgets.HTML()
        self.search.observe(self._on_search, "value")
        self.type.observe(self._on_search, "value")
        self.button.on_click(self._on_search)
        self.results.observe(self._on_choice, "value")
        top = ipywidgets.HBox([self.search, self.type, self.button])
        super().__init__([top, self.results, self.text])
        if pattern:
            self._on_search()

    def _on_search(self, _change: Any = None) -> None:
        self._fill({})
        if not self.search.value.strip():
            self._say("")
            return
        self._say("Searching…")
        try:
            self._lake = self._lake or lake_for()
            rows = self._lake.search(
                self.search.value.strip(), type=self.type.value, limit=_MOST_RESULTS + 1
            )
            found = {str(entry.did): entry for entry in rows}
        except Exception as error:
            # Out of a callback it would go to a log that nobody reads.
            self._say(_trouble(error))
            return
        self._fill(dict(list(found.items())[:_MOST_RESULTS]))
        self._say(_counted(len(found)))

    def _fill(self, found: dict[str, Entry]) -> None:
        # A Select takes the first of its options by itself, which nobody has chosen.
        self._found = {}
        self.results.options = [(_label(entry), did) for did, entry in found.items()]
        self.results.index = None
        self._found = found

    def _on_choice(self, _change: Any) -> None:
        entry = self._found.get(self.results.value)
        if entry is None:
            self.value = None
        elif entry.type == "file":
            self.value = SingleItemDID(entry.did, lake=self._lake, entry=entry)
        else:
            self.value = MultipleItemDID(entry.did, lake=self._lake)

    def _say(self, text: str) -> None:
        self.text.value = _status(text)


def picker(
    pattern: str = "",
    type: SearchType = "all",  # noqa: A002
    *,
    lake: Lake | None = None,
) -> Picker:
    """Make a search box for DIDs; what is chosen in it is its `value`."""
    return Picker(pattern, type, lake=lake)


def _trouble(error: BaseException) -> str:
    found = problem(error)
    return f"{found.message} {found.remedy}".strip()


def _status(text: str) -> str:
    # Screen readers say what appears in such a place.
    return f"<span role='status'>{escape(text)}</span>"


def _label(entry: Entry) -> str:
    size = f", {size_said(entry.bytes)}" if entry.bytes is not None else ""
    return f"{entry.did} ({entry.type}{size})"


def _counted(found: int) -> str:
    if found > _MOST_RESULTS:
        return f"The first {_MOST_RESULTS}: search for more of the name."
    return f"{found} found." if found else "Nothing has such a name."
