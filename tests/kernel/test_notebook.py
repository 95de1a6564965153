"""Attaching in a genuine kernel, with no IPython configuration, as the panel does it."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from dlaas import Lake, MultipleItemDID, SingleItemDID, handover
from dlaas.errors import InvalidInput, NotThere, TookTooLong, Unreachable
from dlaas.model import VariableRecord
from dlaas.notebook import attach, restore, running
from dlaas.notebook.attaching import handle, make
from dlaas.notebook.attachments import check_name

FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
RECORD = {"variableName": "events", "did": FILE, "type": "file"}
COLLECTION = {
    "variableName": "many",
    "did": "ATLAS_OD_EDU:GamGam_data",
    "type": "collection",
    "instance": "lake",
}


class Kernel:
    """A kernel and a client of it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=env)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> str:
        """Run a cell and answer what it printed; an exception fails the test."""
        printed = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])

        reply = self.client.execute_interactive(code, timeout=60, output_hook=hear)
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"].get("traceback", []))
        return "".join(printed)

    def ask(self, data: dict[str, Any], subshell: str | None = None) -> dict[str, Any]:
        """Open a comm with a message, as the panel does, and answer what came back."""
        session = self.client.session
        content = {"comm_id": os.urandom(8).hex(), "target_name": "dlaas", "data": data}
        message = session.msg("comm_open", content)
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        end = time.monotonic() + 30
        answer: dict[str, Any] | None = None
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["content"].get("comm_id") != content["comm_id"]:
                continue
            if message["msg_type"] == "comm_msg":
                answer = message["content"]["data"]
            if message["msg_type"] == "comm_close":
                return answer or {"closed": True}
        raise AssertionError("the comm was not answered and closed")

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def clean_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no instance is configured."""
    folder = tmp_path_factory.mktemp("home")
    env = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("RUCIO_", "JPY_", "JUPYTER_", "X509_"))
    }
    return {**env, "HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}


@pytest.fixture(scope="module")
def kernel(clean_env: dict[str, str]) -> Iterator[Kernel]:
    found = Kernel(clean_env)
    yield found
    found.stop()


@pytest.fixture
def folder(alice: Lake, tmp_path: Path) -> str:
    """A server's hand-over of alice's login."""
    token = alice.credential()
    handover.write(
        tmp_path / "dlaas-1", alice.instance, "alice", token.value, token.expires_at, True
    )
    return str(tmp_path / "dlaas-1")


def test_every_kernel_of_a_hub_may_load_it_for_next_to_nothing() -> None:
    code = "import sys, dlaas.notebook; print(*(m for m in sys.modules if m.startswith('dlaas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["dlaas", "dlaas.notebook"]


def test_a_kernel_without_the_library_loaded_closes_the_comm(kernel: Kernel) -> None:
    assert kernel.ask({"action": "attach", "variables": []}) == {"closed": True}


def test_after_another_login_new_variables_are_the_new_accounts(
    alice: Lake, bob: Lake, tmp_path: Path
) -> None:
    instance, folder = replace(alice.instance, name="shared", account=None), tmp_path / "dlaas-2"
    record = {**RECORD, "instance": "shared"}
    names: dict[str, Any] = {}
    kept = []
    for who in (alice, bob):
        token = who.credential()
        handover.write(folder, instance, who.account, token.value, token.expires_at, True)
        message = {"action": "attach", "handover": str(folder), "variables": [record]}
        assert handle(message, names)["ok"]
        kept.append(names["events"])
    assert [item.lake.account for item in kept] == ["alice", "bob"]
    assert [item.lake.whoami().name for item in kept][1] == "bob"


def test_a_newer_server_may_say_more_than_this_library_knows(folder: str) -> None:
    path = Path(folder) / "lake.json"
    content = json.loads(path.read_text())
    content["instance"]["setting_of_tomorrow"] = 1
    path.write_text(json.dumps(content))
    assert handover.read(Path(folder), "lake").account == "alice"


def test_the_panels_way_into_a_fresh_kernel(kernel: Kernel, folder: str) -> None:
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    records = [
        RECORD,
        {
            "variableName": "data",
            "did": "ATLAS_OD_EDU:GamGam_data",
            "type": "collection",
            "instance": "lake",
        },
    ]
    answer = kernel.ask(
        {"action": "attach", "handover": folder, "variables": records, "unknown": 1}
    )
    assert answer["ok"], answer
    assert [v["variableName"] for v in answer["variables"]] == ["events", "data"]
    assert "SingleItemDID" in answer["variables"][0]["text"]
    printed = kernel.run(
        "print(events.did, type(events).__name__, len(data), events.lake.whoami().name)"
    )
    assert printed == f"{FILE} SingleItemDID 4 alice\n"


def test_the_execute_channel_does_the_same(kernel: Kernel, folder: str) -> None:
    message = json.dumps(
        {"action": "attach", "handover": folder, "variables": [{**RECORD, "variableName": "again"}]}
    )
    kernel.run(f"import dlaas.notebook as _d; _d.attach({message!r}); del _d")
    assert kernel.run("print(again.did)") == f"{FILE}\n"
    assert "_d" not in kernel.run("print(sorted(globals()))").split("'")


def test_what_a_person_has_made_of_the_name_stays(kernel: Kernel, folder: str) -> None:
    message = {"action": "attach", "handover": folder}
    message["variables"] = [{**RECORD, "variableName": "mine"}]
    kernel.run("import dlaas.notebook\nmine = 42")
    assert kernel.ask({**message, "renew": True}) == {"ok": True, "variables": []}
    problem = kernel.ask(message)["problem"]
    assert (problem["error"], problem["blame"]) == ("AlreadyThere", "you")
    assert "int" in problem["message"]
    assert "del mine" in problem["remedy"]
    assert kernel.run("print(mine)").strip() == "42"

    kernel.run("del mine")
    assert kernel.ask(message)["ok"] is True
    # What is ours already may be set anew.
    assert kernel.ask(message)["ok"] is True
    assert kernel.run("print(mine.did)").strip() == FILE


def test_a_busy_kernel_gets_it_too(kernel: Kernel, folder: str) -> None:
    """On a subshell; the cell ends only when the variable is there."""
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    client = kernel.client
    client.control_channel.send(client.session.msg("create_subshell_request", {}))
    subshell = client.get_control_msg(timeout=30)["content"]["subshell_id"]
    code = (
        "import time\nend = time.monotonic() + 30\n"
        "while 'busy' not in globals() and time.monotonic() < end: time.sleep(0.05)\n"
        "assert busy.did"
    )
    client.execute(code)
    record = {**RECORD, "variableName": "busy"}
    answer = kernel.ask({"action": "attach", "handover": folder, "variables": [record]}, subshell)
    assert answer["ok"], answer
    assert client.get_shell_msg(timeout=60)["content"]["status"] == "ok"


def test_detaching_takes_the_variable_away(kernel: Kernel, folder: str) -> None:
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    kernel.ask(
        {"action": "attach", "handover": folder, "variables": [{**RECORD, "variableName": "gone"}]}
    )
    assert kernel.ask({"action": "detach", "names": ["gone", "never_there"]})["ok"]
    assert kernel.run("print('gone' in globals())") == "False\n"


def test_no_secret_is_left_in_the_kernel(kernel: Kernel, folder: str, alice: Lake) -> None:
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    answer = kernel.ask({"action": "attach", "handover": folder, "variables": [RECORD]})
    token = alice.credential().value
    assert token not in json.dumps(answer)
    seen = "str(dict(os.environ)) + repr(events) + repr(vars(events))"
    code = f"import os; print({token!r} in {seen})"
    assert kernel.run(code) == "False\n"


def test_the_extension_restores_what_was_attached(kernel: Kernel, folder: str) -> None:
    kernel.run("%load_ext dlaas")
    kernel.ask({"action": "attach", "handover": folder, "variables": [RECORD]})
    kernel.run("del events; resolve_dids()")
    assert kernel.run("print(events.did)") == f"{FILE}\n"


def test_a_login_that_is_missing_is_a_problem_for_the_panel(clean_env: dict[str, str]) -> None:
    fresh = Kernel(clean_env)
    try:
        fresh.run("import dlaas.notebook as _d; _d.load(); del _d")
        answer = fresh.ask({"action": "attach", "variables": [RECORD]})
        assert answer["problem"]["error"] == "InstanceNotFound"
        assert answer["problem"]["remedy"]
        assert fresh.run("print('events' in globals())") == "False\n"
    finally:
        fresh.stop()


@pytest.mark.parametrize(
    "name", ["", "1x", "a b", "class", "None", "print", "list", "__builtins__", "x;y", "a.b"]
)
def test_a_name_that_is_none_is_refused_and_nothing_is_set(alice: Lake, name: str) -> None:
    with pytest.raises(InvalidInput):
        check_name(name)
    namespace: dict[str, Any] = {}
    records = [{**RECORD, "instance": "lake"}, {**RECORD, "variableName": name}]
    answer = handle({"action": "attach", "variables": records}, namespace)
    assert answer["problem"]["error"] == "InvalidInput"
    assert namespace == {}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"action": "explode"},
        {"action": "attach", "variables": [7]},
        {
            "action": "attach",
            "variables": [{"variableName": "x", "did": "nonsense", "type": "file"}],
        },
        {"action": "attach", "variables": [{**RECORD, "type": "folder"}]},
    ],
)
def test_a_message_that_makes_no_sense_is_answered(message: dict[str, Any]) -> None:
    answer = handle(message, {})
    assert answer["ok"] is False
    assert answer["problem"]["blame"] == "you"


def test_attach_outside_a_kernel_says_so() -> None:
    assert attach("{}")["ok"] is False
    assert attach("not json")["ok"] is False


def test_renaming_frees_the_old_name_and_keeps_the_object(kernel: Kernel, folder: str) -> None:
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    record = {**RECORD, "variableName": "before"}
    assert kernel.ask({"action": "attach", "handover": folder, "variables": [record]})["ok"]
    kernel.run("was = id(before)")
    message = {
        "action": "rename",
        "name": "before",
        "variable": {**RECORD, "variableName": "after"},
    }
    answer = kernel.ask(message)
    assert [one["variableName"] for one in answer["variables"]] == ["after"]
    assert kernel.run("print(id(after) == was, after.did, 'before' in globals())") == (
        f"True {FILE} False\n"
    )
    # The kernel was given one name, and takes it away again.
    kernel.ask({"action": "detach", "names": ["before", "after"]})
    assert kernel.run("print('after' in globals())") == "False\n"


def test_renaming_to_a_name_that_is_taken_changes_nothing(alice: Lake) -> None:
    item = SingleItemDID(FILE, look=False)
    namespace: dict[str, Any] = {"mine": 3}
    assert handle({"action": "attach", "variables": [COLLECTION]}, namespace)["ok"]
    held = namespace["many"]
    for name in ("mine", "print", "no name"):
        one = {**COLLECTION, "variableName": name}
        answer = handle({"action": "rename", "name": "many", "variable": one}, namespace)
        assert answer["problem"]["blame"] == "you"
        assert namespace["many"] is held
        assert namespace["mine"] == 3
    # What the user has put under the old name since is the user's, and stays.
    namespace["many"] = item
    one = {**COLLECTION, "variableName": "other"}
    assert handle({"action": "rename", "name": "many", "variable": one}, namespace)["ok"]
    assert namespace["many"] is item
    assert namespace["other"].did == COLLECTION["did"]


def test_what_is_detached_is_ours_alone() -> None:
    namespace: dict[str, Any] = {"mine": 42}
    handle({"action": "detach", "names": ["mine"]}, namespace)
    assert namespace == {"mine": 42}


def test_a_variable_can_be_attached_with_the_lake_down(
    alice: Lake,
) -> None:
    gone = replace(alice.instance, name="gone", rucio_base_url="https://localhost:9")
    down = Lake(gone, credentials=alice.credential)
    with pytest.raises(Unreachable):
        down.whoami()
    namespace: dict[str, Any] = {}
    record = {**RECORD, "instance": "gone", "did": "user.alice:whatever"}
    # Before anything is known of the destination RSE, and when its paths can be computed.
    for remembered in ({}, alice._remembered):
        down._remembered = dict(remembered)
        assert handle({"action": "attach", "variables": [record]}, namespace)["ok"]
        assert isinstance(namespace["events"], SingleItemDID)
        assert "user.alice:whatever" in repr(namespace["events"])


def test_a_choice_of_its_files_or_another_did_is_the_persons_own(
    kernel: Kernel, folder: str
) -> None:
    records = [
        {**RECORD, "variableName": "single"},
        {"variableName": "many", "did": "ATLAS_OD_EDU:GamGam_data", "type": "collection"},
    ]
    message = {"action": "attach", "handover": folder, "variables": records}
    kernel.run("import dlaas.notebook as _d; _d.load(); del _d")
    assert kernel.ask(message)["ok"]
    kernel.run(
        "import dlaas\nmany = many[:1]\nsingle = dlaas.did('ATLAS_OD_EDU:data_B.GamGam.root')"
    )
    assert kernel.ask({**message, "renew": True}) == {"ok": True, "variables": []}
    assert kernel.ask(message)["problem"]["error"] == "AlreadyThere"
    kernel.ask({"action": "detach", "names": ["single", "many"]})
    assert kernel.run("print(single.name, len(many))") == "data_B.GamGam.root 1\n"


@pytest.mark.parametrize("renew", [True, False])
def test_a_name_that_a_cell_takes_while_the_lake_is_asked_stays_the_cells(
    alice: Lake, monkeypatch: pytest.MonkeyPatch, renew: bool
) -> None:
    namespace: dict[str, Any] = {}

    def variable(one: VariableRecord) -> SingleItemDID:
        namespace["events"] = 42
        return SingleItemDID(one.did, lake=alice)

    monkeypatch.setattr("dlaas.notebook.attaching._attached", {})
    monkeypatch.setattr("dlaas.notebook.attaching._variable", variable)
    answer = handle({"action": "attach", "renew": renew, "variables": [RECORD]}, namespace)
    assert namespace == {"events": 42}
    assert answer["ok"] is renew


def notebook(path: Path, record: Any, *cells: str) -> Path:
    """Write a notebook file as JupyterLab does."""
    written = [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
    content = {"cells": written, "metadata": {"rucio_attachments": record}, "nbformat": 4}
    path.write_text(json.dumps(content))
    return path


def test_the_incumbents_record_is_read_unchanged(
    alice: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlaas.notebook.attaching._attached", {})
    record = [
        {"did": FILE, "type": "file", "variableName": "events"},
        {"did": "ATLAS_OD_EDU:GamGam_data", "type": "collection", "variableName": "data"},
    ]
    found = restore(notebook(tmp_path / "theirs.ipynb", record))
    events, data = found["events"], found["data"]
    assert isinstance(events, SingleItemDID)
    assert isinstance(data, MultipleItemDID)
    assert (events.did, len(data)) == (FILE, 4)
    assert events.lake is alice


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"missing\.ipynb"):
        restore(tmp_path / "missing.ipynb")
    for text in ("", "[]", "{}", '{"cells": 7}', "\xff"):
        (tmp_path / "none.ipynb").write_text(text)
        with pytest.raises(InvalidInput, match="no notebook"):
            restore(tmp_path / "none.ipynb")
    assert restore(notebook(tmp_path / "plain.ipynb", None)) == {}


def test_visual_studio_code_tells_the_kernel_its_notebook(
    kernel: Kernel, folder: str, tmp_path: Path
) -> None:
    path = notebook(tmp_path / "code.ipynb", [{**RECORD, "variableName": "of_code"}], "1 + 1")
    kernel.ask({"action": "attach", "handover": folder, "variables": []})
    kernel.run(f"__vsc_ipynb_file__ = {str(path)!r}\n%reload_ext dlaas")
    assert kernel.run("print(of_code.did)") == f"{FILE}\n"
    kernel.run("del of_code\nresolve_dids()\ndel __vsc_ipynb_file__")
    assert kernel.run("print(of_code.did)") == f"{FILE}\n"


def test_another_notebook_is_never_taken_for_the_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these found a notebook of somebody else's variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "_launcher", lambda: ([], None, {}))
    load = "import numpy as np\n%load_ext dlaas"
    notebook(tmp_path / "a.ipynb", [RECORD], load, "a = 1")
    # A script runs a notebook of another folder, or a console is opened in this one.
    assert running.find({}, [load]) is None
    assert running.find({}, [load, "b = 1"]) is None
    found = running.find({}, [load, "a = 1"])
    assert found is not None
    assert found.path == tmp_path / "a.ipynb"
    # Another beside it, which has no record, holds as much of what ran.
    notebook(tmp_path / "b.ipynb", None, load, "a = 1")
    with pytest.raises(running.Ambiguous):
        running.find({}, [load, "a = 1"])
    # The notebook was renamed, and another took its name.
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    notebook(tmp_path / "renamed.ipynb", [RECORD], load, "c = 1")
    assert running.find({}, [load, "c = 1"]) is None
    # What is not saved yet says nothing against it.
    assert running.find({}, [load, "d = 1"]) == found


def test_what_a_server_was_opened_with_says_nothing_of_its_other_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened = notebook(tmp_path / "sub.ipynb", [RECORD], "%load_ext dlaas")
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(running, "_launcher", lambda: (["jupyter", str(opened)], None, {}))
    monkeypatch.setenv("JPY_PARENT_PID", "4194305")
    monkeypatch.chdir(tmp_path / "empty")
    assert running.find({}, ["%load_ext dlaas"]) is not None
    # Another's cell ran, in a kernel of a process that names this notebook.
    assert running.find({}, ["1 + 1"]) is None
    server = tmp_path / "runtime" / "jpserver-4194305.json"
    server.parent.mkdir()
    server.write_text("{}")
    assert running.find({}, ["%load_ext dlaas"]) is None


def test_the_session_of_an_older_server_is_named_from_a_folder_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sub/a.ipynb", "sub/sub/a.ipynb"):
        (tmp_path / name).parent.mkdir()
        notebook(tmp_path / name, [{**RECORD, "variableName": name[:5]}], "1 + 1")
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.setenv("JPY_SESSION_NAME", "sub/a.ipynb")
    found = running.find({}, [])
    assert found is not None
    assert found.path == tmp_path / "sub/a.ipynb"


def test_a_working_folder_that_is_gone_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert running.find({}, ["1 + 1"]) is None
    monkeypatch.chdir(tmp_path)


def test_a_lake_that_does_not_answer_keeps_no_notebook_waiting(
    alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens and says nothing: the variables are references, and it is said why."""
    monkeypatch.setattr("dlaas.notebook.attaching.PATIENCE", 0.5)
    monkeypatch.setattr("dlaas.notebook.attaching._attached", {})
    with socket.create_server(("localhost", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        dead = Lake(replace(alice.instance, name="dead", rucio_base_url=url, rucio_auth_url=url))
        records = [
            VariableRecord("events", FILE, "file", "dead"),
            VariableRecord("data", "ATLAS_OD_EDU:GamGam_data", "collection", "dead"),
        ]
        made = list(make(records))
        assert len(_asking()) == 1
        assert [str(made[0][1]), made[1][1]] == [
            "rucio://dead@ATLAS_OD_EDU/data_A.GamGam.root",
            MultipleItemDID("ATLAS_OD_EDU:GamGam_data", "dead"),
        ]
        # A collection asks nothing as it is made, and does not suffer from the file before it.
        error, none = made[0][2], made[1][2]
        assert none is None
        assert isinstance(error, TookTooLong)
        assert "resolve_dids()" in error.remedy
        # Nor the panel.
        namespace: dict[str, Any] = {}
        message = {"action": "attach", "variables": [{**RECORD, "instance": "dead"}]}
        assert handle(message, namespace)["ok"]
        assert namespace["events"] == made[0][1]
        assert len(_asking()) == 2
    dead.close()


def _asking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dlaas-restore"]
