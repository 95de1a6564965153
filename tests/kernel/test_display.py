"""How a variable shows itself: cards, completions, and one line that always works."""

from __future__ import annotations

import pickle
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import brought, made, noted, shown
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from standin import Answer, Request, StandIn

import dlaas
from dlaas import Instance, Lake, MultipleItemDID, SingleItemDID
from dlaas.credentials import Bearer
from dlaas.variables import facts
from dlaas.variables.display import DID_TYPE, card, text_card

FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
OURS = {
    "metadata", "size", "checksum", "replicas", "rules", "expires", "parents", "state", "instance",
    "explain", "local", "url", "urls", "link", "wait", "make_available", "path", "card",
}  # fmt: skip


@pytest.fixture
def here(alice: Lake, tmp_path: Path, fresh: Callable[[str], str]) -> MultipleItemDID:
    """A dataset of two files that are on the mount."""
    return shown(brought(made(alice, tmp_path, fresh, 2)))


@pytest.fixture
def sent(alice: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Rucio during the test."""
    return noted(alice, monkeypatch)


def test_a_card_tells_all_of_a_file(alice: Lake, here: MultipleItemDID, sent: list[str]) -> None:
    item = here[0]
    sent.clear()
    html, text = card(item), text_card(item)
    assert len(sent) <= 24
    for told in (
        str(item.did), "100 bytes", "available: It is on NOTEBOOK-MOUNT", item.path, str(here.did),
        "NORTH-DISK", "NOTEBOOK-MOUNT by alice, OK, until", "Expires", f"adler32 {item.checksum}",
    ):  # fmt: skip
        assert told in html, told
        assert told in " ".join(text.split()), told
    assert item.card() == text


def test_a_card_of_a_container_costs_few_questions(alice: Lake, sent: list[str]) -> None:
    data = MultipleItemDID("ATLAS_OD_EDU:2020_13TeV", lake=alice)
    text = data.card()
    assert len(sent) <= 40
    assert "21 here" in text
    assert re.search(r"NORTH-DISK \(\d+ of 21 files\)", text)
    assert "energy = 13000" in text


def test_a_card_of_a_part_says_which_it_is(alice: Lake, here: MultipleItemDID) -> None:
    # Kept by the rule on all of it.
    assert "NOTEBOOK-MOUNT by alice, OK, until" in here[:1].card()
    here.glob("*.txt").make_available("1d")
    alice.client.set_metadata(here.did.scope, here.did.name, "tally", 4711)
    assert "4711" in here.card()
    text = here.glob("*.txt").card()
    assert "part of a dataset: glob '*.txt'" in text
    # What is counted for the whole.
    assert "4711" not in text
    assert "2 of 2 here" in text
    assert "2 times NOTEBOOK-MOUNT by alice, OK" in text


def test_a_card_reads_on_light_and_dark_and_fetches_nothing(here: MultipleItemDID) -> None:
    html = card(here[0])
    assert "color" not in re.sub(r"rgba\(128,128,128,[.\d]+\)", "", html)
    assert not re.search(r"<script|<link|<img|<iframe|url\(|src=|href=|on\w+=", html)


def test_a_card_shows_what_others_wrote_as_text(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    data = made(alice, tmp_path, fresh, 1)
    alice.client.set_metadata(
        data.did.scope, data.did.name, "note", "<script>alert(1)</script>\x1b[2J"
    )
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in card(data)
    assert "<script>" not in card(data)
    assert "note = <script>alert(1)</script> [2J" in text_card(data)


def test_a_card_does_not_wait_for_a_server_that_hangs(
    standin: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def hang(_request: Request) -> Answer:
        let_go.wait(50)
        return Answer(500)

    server = standin(hang)
    lake = Lake(
        Instance("slow", server.url, destination_rse="R", rse_mount_path="/nowhere"),
        credentials=Bearer("t", "alice"),
    )
    monkeypatch.setattr(facts, "PATIENCE", 0.3)
    try:
        item = SingleItemDID("s:n", lake=lake, look=False)
        found = facts.ask(item, 0.3)
        assert set(found.unknown.values()) == {"No answer came in time."}
        text = "\n".join(" ".join(lines) for _, lines in facts.rows(item, found))
        assert "copies, metadata, parents, status: No answer came in time." in text or (
            "status, metadata, copies, parents: No answer came in time." in text
        )
        assert not let_go.is_set()
    finally:
        let_go.set()


def test_a_card_never_fails_whatever_goes_wrong(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")

    item = SingleItemDID(FILE, lake=alice)
    monkeypatch.setattr("dlaas.lake.Lake.status", broken)
    assert "status: It could not be asked (ZeroDivisionError)" in text_card(item)
    monkeypatch.setattr(facts, "rows", broken)
    assert "unknown (ZeroDivisionError)" in card(item)


def test_a_variable_of_an_unknown_instance_shows_itself() -> None:
    item = pickle.loads(pickle.dumps(SingleItemDID("s:n", "nowhere", look=False)))
    assert repr(item) == "SingleItemDID('rucio://nowhere@s/n', did='s:n')"
    assert "No instance &#x27;nowhere&#x27;" in item._repr_html_()
    assert "No instance 'nowhere'" in " ".join(item.card().split())


@pytest.mark.parametrize("use_jedi", [True, False])
def test_tab_shows_what_a_did_can_do_and_asks_nothing(
    alice: Lake, sent: list[str], use_jedi: bool
) -> None:
    shell = InteractiveShell.instance()
    shell.Completer.use_jedi = use_jedi
    names = {"one_file": FILE, "many_files": "ATLAS_OD_EDU:GamGam_data"}
    shell.user_ns.update({name: dlaas.did(text, lake=alice) for name, text in names.items()})
    sent.clear()
    try:
        for name, expected in (("one_file", OURS), ("many_files", OURS - {"url"})):
            with provisionalcompleter():
                code = f"{name}."
                found = {c.text.lstrip(".") for c in shell.Completer.completions(code, len(code))}
            assert expected <= found, name
            assert not found & {"capitalize", "zfill", "swapcase", "isdecimal"}
    finally:
        for name in names:
            del shell.user_ns[name]
    assert not sent
    assert set(dir(dlaas.did(FILE, lake=alice))) >= OURS


def test_ipython_prints_one_line_of_it(alice: Lake) -> None:
    item = dlaas.did(FILE, lake=alice)
    shell = InteractiveShell.instance()
    shown_as, _ = shell.display_formatter.format(item)
    assert shown_as["text/plain"] == repr(item)
    assert "\n" not in repr(item)
    assert FILE in shown_as["text/html"]


def test_a_cell_shows_what_the_panel_can_draw_and_html_for_all_others(
    alice: Lake, here: MultipleItemDID
) -> None:
    shell = InteractiveShell.instance()
    shown_as, _ = shell.display_formatter.format(here[0])
    assert shown_as[DID_TYPE] == {
        "did": str(here[0].did),
        "instance": alice.instance.name,
        "type": "file",
        "name": here[0].did.name,
        "size": 100,
        "state": "available",
    }
    assert "<table" in shown_as["text/html"]
    assert shown_as["text/plain"] == repr(here[0])
    assert shell.display_formatter.format(here)[0][DID_TYPE]["type"] == "dataset"


def test_what_the_panel_is_shown_holds_no_path_and_no_secret(here: MultipleItemDID) -> None:
    told = str(here[0]._repr_mimebundle_()[DID_TYPE])
    assert here[0].path not in told
    assert here[0].path.rpartition("/")[0] not in told


def test_a_cell_shows_a_part_as_html_alone(here: MultipleItemDID) -> None:
    assert set(here[:1]._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_a_cell_asks_once_for_all_that_it_shows(here: MultipleItemDID, sent: list[str]) -> None:
    here[0]._repr_mimebundle_()
    once = len(sent)
    InteractiveShell.instance().display_formatter.format(here[0])
    assert len(sent) == 2 * once


def test_a_cell_shows_something_when_nothing_can_be_asked() -> None:
    item = pickle.loads(pickle.dumps(SingleItemDID("s:n", "nowhere", look=False)))
    shown = item._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "No instance" in shown["text/html"]
