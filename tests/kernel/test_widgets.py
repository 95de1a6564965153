"""The widgets' models against the genuine lake, and in the kernels that show them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from dlaas import Lake, MultipleItemDID, SingleItemDID
from dlaas.errors import Cancelled
from dlaas.widgets import picker, progress, watch
from jupyter_dlaas.lake import EmbeddedLake

Name = Callable[[str], str]
Eventually = Callable[..., Any]


@pytest.fixture
def held(lake: EmbeddedLake) -> Iterator[None]:
    """The storage behind the mount takes nothing: what is made available stays away."""
    lake.hold("notebook")
    yield
    lake.release("notebook")


@pytest.fixture
def uploaded(alice: Lake, a_file: Path, fresh: Name) -> SingleItemDID:
    did = f"user.alice:{fresh('shown')}"
    alice.upload(a_file, did, lifetime="1d")
    return SingleItemDID(did, lake=alice)


def test_a_wait_shows_how_far_it_is_until_all_is_here(uploaded: SingleItemDID) -> None:
    uploaded.make_available(lifetime="1d")
    shown = progress()
    assert uploaded.wait("5m", shown).available
    assert (shown.bar.value, shown.bar.bar_style) == (1, "success")
    assert shown.bar.description == uploaded.did
    assert "available, 1 of 1 files" in shown.text.value
    assert shown.cancel.layout.display == "none"


def test_a_stuck_wait_shows_why_and_its_button_ends_it(
    uploaded: SingleItemDID, held: None, eventually: Eventually
) -> None:
    granted = uploaded.make_available(lifetime="1d")
    shown = watch(uploaded, "5m")
    eventually(lambda: shown.bar.bar_style == "danger", 120)
    assert "stuck" in shown.text.value
    assert "0 of 1 files" in shown.text.value
    reason = next(rule.error for rule in uploaded.rules if rule.id == granted.rule.id)
    assert reason
    eventually(lambda: "Rucio gives no reason" not in shown.text.value)
    assert shown.cancel.layout.display is None
    shown.cancel.click()
    eventually(lambda: not _watches())
    assert "Cancelled." in shown.text.value
    assert shown.value is None
    # The rule goes on.
    assert granted.rule.id in [rule.id for rule in uploaded.rules]


def _watches() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dlaas-watch"]


def test_a_click_ends_a_wait_between_two_looks(uploaded: SingleItemDID, held: None) -> None:
    uploaded.make_available(lifetime="1d")
    shown = progress()
    looks = []

    def hear(found: Any) -> None:
        looks.append(found)
        shown(found)

    hear.sleep = lambda seconds: (  # type: ignore[attr-defined]
        shown.cancel.click(),
        shown.sleep(600),
    )
    with pytest.raises(Cancelled):
        uploaded.wait("5m", hear)
    assert len(looks) == 1


def test_what_is_watched_becomes_the_variable_renewed(
    uploaded: SingleItemDID, eventually: Eventually
) -> None:
    uploaded.make_available(lifetime="1d")
    shown = watch(uploaded, "5m")
    eventually(lambda: shown.value is not None, 120)
    assert shown.value is not None
    assert Path(shown.value).stat().st_size == 2_500_000


def test_a_watch_that_fails_says_what_to_do(
    uploaded: SingleItemDID, eventually: Eventually
) -> None:
    shown = watch(uploaded)
    eventually(lambda: shown.bar.bar_style == "danger")
    assert "is not on its way" in shown.text.value
    assert "make_available()" in shown.text.value


def test_transfers_show_their_bytes(alice: Lake, a_file: Path, tmp_path: Path, fresh: Name) -> None:
    did = f"user.alice:{fresh('shown')}"
    up, down = progress("Up"), progress("Down")
    buttons = []

    def asked() -> bool:
        clicked = up.cancelled()
        buttons.append(up.cancel.layout.display)
        return clicked

    alice.upload(a_file, did, lifetime="1d", progress=up, cancelled=asked)
    alice.download(did, tmp_path / "here", progress=down, cancelled=down.cancelled)
    # A transfer that listens can be cancelled, until it is over.
    assert buttons[0] is None
    for shown, label in ((up, "Up"), (down, "Down")):
        assert (shown.bar.description, shown.bar.value) == (label, 1)
        assert "2.5 MB of 2.5 MB" in shown.text.value
        assert shown.cancel.layout.display == "none"


def test_a_click_cancels_a_transfer(uploaded: SingleItemDID, alice: Lake, tmp_path: Path) -> None:
    shown = progress()
    shown.cancel.click()
    with pytest.raises(Cancelled):
        alice.download(uploaded.did, tmp_path / "here", progress=shown, cancelled=shown.cancelled)


def test_what_is_picked_is_a_variable(alice: Lake) -> None:
    chosen = picker("ATLAS_OD_EDU:*GamGam*", lake=alice)
    heard: list[Any] = []
    chosen.observe(lambda change: heard.append(change["new"]), "value")
    dids = [did for _, did in chosen.results.options]
    assert "ATLAS_OD_EDU:GamGam_data" in dids
    assert "ATLAS_OD_EDU:data_A.GamGam.root" in dids
    # Nothing is chosen before a person has.
    assert chosen.value is None

    chosen.results.value = "ATLAS_OD_EDU:GamGam_data"
    assert isinstance(chosen.value, MultipleItemDID)
    assert len(chosen.value) == 4
    chosen.results.value = "ATLAS_OD_EDU:data_A.GamGam.root"
    assert isinstance(chosen.value, SingleItemDID)
    assert chosen.value.lake is alice
    assert [item.did for item in heard] == [
        "ATLAS_OD_EDU:GamGam_data",
        "ATLAS_OD_EDU:data_A.GamGam.root",
    ]

    chosen.type.value = "container"
    assert chosen.value is None
    # What a list shows first is nobody's choice.
    assert heard[2:] == [None]
    assert all("(container" in label for label, _ in chosen.results.options)
    assert chosen.results.options


def test_a_search_that_cannot_be_says_why(alice: Lake) -> None:
    chosen = picker(lake=alice)
    for pattern, said in (
        ("no scope", "is not a pattern of DIDs"),
        ("never.there:*", "never.there"),
        ("user.alice:never-there-*", "Nothing has such a name."),
        ("<b>:*", "&lt;b&gt;"),
    ):
        chosen.search.value = pattern
        assert said in chosen.text.value, pattern
        assert chosen.results.options == ()
    assert picker("user.alice:*").text.value


def test_everything_that_can_be_used_is_named_for_those_who_do_not_see_it(alice: Lake) -> None:
    chosen, shown = picker(lake=alice), progress()
    for widget in (chosen.search, chosen.type, chosen.results, shown.bar):
        assert widget.description
    for button in (chosen.button, shown.cancel):
        # An icon alone is no name.
        assert button.description
        assert button.tooltip
    assert "role='status'" in picker("no scope", lake=alice).text.value


def test_without_ipywidgets_the_extra_is_named() -> None:
    code = "import sys; sys.modules['ipywidgets'] = None; import dlaas.widgets"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: dlaas.widgets needs ipywidgets: pip install 'jupyter-dlaas-kernel[widgets]'"
    )


def test_a_notebook_with_widgets_runs_headless(tmp_path: Path, alice_env: dict[str, str]) -> None:
    cells = [
        "import dlaas, dlaas.widgets\n"
        "chosen = dlaas.widgets.picker('ATLAS_OD_EDU:data_A.*')\n"
        "chosen",
        "chosen.results.value = 'ATLAS_OD_EDU:data_A.GamGam.root'\n"
        "_ = chosen.value.lake.download(\n"
        "    chosen.value.did, 'here', progress=dlaas.widgets.progress('Fetching')\n"
        ")",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=alice_env)
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    models = [model["state"] for model in state.values()]
    [bar] = [m for m in models if m.get("_model_name") == "FloatProgressModel"]
    assert (bar["description"], bar["value"]) == ("Fetching", 1)
    [results] = [m for m in models if m.get("_model_name") == "SelectModel"]
    assert results["index"] is not None
    shown = [
        output.data["application/vnd.jupyter.widget-view+json"]["model_id"]
        for cell in notebook.cells
        for output in cell.outputs
    ]
    assert len(shown) == 2
    assert {state[model]["model_name"] for model in shown} == {"VBoxModel"}


def test_the_button_is_heard_while_the_cell_runs(alice_env: dict[str, str]) -> None:
    """As JupyterLab sends a click: over a comm, on a subshell of the busy kernel."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=alice_env)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        subshell = client.get_control_msg(timeout=30)["content"]["subshell_id"]
        heard: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            heard.append(message["content"].get("text", ""))
            if heard[-1].startswith("button "):
                data = {"method": "custom", "content": {"event": "click"}}
                content = {"comm_id": heard[-1].split()[1], "data": data}
                click = client.session.msg("comm_msg", content)
                click["header"]["subshell_id"] = subshell
                client.shell_channel.send(click)

        code = (
            "import dlaas.widgets\n"
            "shown = dlaas.widgets.progress()\n"
            "print('button', shown.cancel.model_id, flush=True)\n"
            "try:\n    shown.sleep(60)\n    print('slept')\n"
            "except dlaas.errors.Cancelled:\n    print('cancelled')\n"
        )
        client.execute_interactive(code, timeout=90, output_hook=hear)
        assert "".join(heard).endswith("cancelled\n")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
