"""Publications: a notebook with environment, inputs, code and outputs, whole or not yet closed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from commandline import LONGEST, CommandLine, lake_env

import dlaas
from dlaas import Lake, errors
from dlaas.publish import (
    Published,
    environments,
    notebooks,
    open_bundle,
    preparing,
    publication,
    suspects,
)
from dlaas.publish.inputs import resolve
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:GamGam_data"
FILE = "ATLAS_OD_EDU:mc_341081.ttH125_gamgam.GamGam.root"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
Fresh = Callable[[str], str]


def code_cell(source: str, *outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source.splitlines(keepends=True),
        "outputs": list(outputs),
        "metadata": {},
        "execution_count": 1,
    }


def write_notebook(
    path: Path, *cells: Mapping[str, Any], records: Any = None, **about: Any
) -> Path:
    metadata: dict[str, Any] = {
        "kernelspec": {"name": "python3", "language": "python"},
        "language_info": {"name": "python", "version": platform.python_version()},
        **about,
    }
    if records is not None:
        metadata["rucio_attachments"] = records
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a notebook that reads two DIDs, its module, and what came out."""
    folder = tmp_path / "work"
    (folder / "plots").mkdir(parents=True)
    (folder / "plots" / "mass.csv").write_text("1,2\n")
    (folder / "plots" / "pt.csv").write_text("3,4\n")
    (folder / "helpers.py").write_text("import constants\nimport numpy\n")
    (folder / "constants.py").write_text("Z = 91.2\n")
    (folder / "unrelated.py").write_text("x = 1\n")
    write_notebook(
        folder / "My higgs.ipynb",
        {"cell_type": "markdown", "source": "# Higgs", "metadata": {}},
        code_cell("%matplotlib inline\nimport helpers\nfrom pandas import DataFrame\n"),
        code_cell(f"# {os.urandom(8).hex()}\n!ls\nhelpers?"),
        records=[
            {"variableName": "data", "did": DATASET, "type": "collection"},
            {"variableName": "mc", "did": FILE, "type": "file"},
        ],
    )
    return folder


@pytest.fixture
def published(alice: Lake, work: Path) -> Published:
    return alice.publish(
        work / "My higgs.ipynb", "user.alice", outputs=work / "plots", lifetime="9d", note="a try"
    )


def _parts(found: Published) -> dict[str, str]:
    return {did.removeprefix(f"{found.did}/"): did for did in found.files}


def _read(did: str) -> bytes:
    with dlaas.did(did).open() as file:
        return bytes(file.read())


def test_all_that_it_takes_to_repeat_it_is_in_one_closed_dataset(
    alice: Lake, published: Published, work: Path
) -> None:
    parts = _parts(published)
    assert set(parts) == {
        "My_higgs.ipynb",
        "environment.txt",
        "inputs.jsonl",
        "code/helpers.py",
        "code/constants.py",
        "outputs.zip",
        "provenance.json",
    }
    assert {entry.did for entry in alice.list_files(published.did)} == set(parts.values())
    meta = alice.get(published.did)
    assert (meta.type, meta.open, published.new) == ("dataset", False, True)
    assert _read(parts["My_higgs.ipynb"]) == (work / "My higgs.ipynb").read_bytes()
    assert open_bundle(parts["outputs.zip"])["pt.csv"] == b"3,4\n"
    rule = published.rule
    assert rule is not None
    assert rule.expires_at is not None
    assert rule.did == published.did
    assert f"{rule.expires_at:%Y-%m-%d}" in str(published)


def test_inputs_are_listed_to_the_last_file_with_checksums(
    alice: Lake, published: Published
) -> None:
    rows = [json.loads(line) for line in _read(_parts(published)["inputs.jsonl"]).splitlines()]
    told = {(row["input"], row["did"], row["bytes"], row["adler32"]) for row in rows}
    files = {(DATASET, str(e.did), e.bytes, e.adler32) for e in alice.list_files(DATASET)}
    own = alice.get(FILE)
    assert told == files | {(FILE, FILE, own.bytes, own.adler32)}
    assert len(rows) == len(told)


def test_the_provenance_is_read_back_from_the_server(alice: Lake, published: Published) -> None:
    found = alice.provenance(published.did)
    assert [(one.did, one.type) for one in found.inputs] == [(DATASET, "dataset"), (FILE, "file")]
    assert found.inputs[0].files == len(list(alice.list_files(DATASET)))
    assert found.inputs[1].adler32 == alice.get(FILE).adler32
    assert (found.account, found.notebook, found.note) == ("alice", "My higgs.ipynb", "a try")
    assert found.software["python"] == platform.python_version()
    assert {"pandas"} <= set(found.software)
    manifest = json.loads(_read(_parts(published)["provenance.json"]))
    assert {row["did"] for row in manifest["generated"]} == set(published.files[:-1])
    assert FILE in str(found)


def test_calling_it_again_changes_nothing(alice: Lake, published: Published, work: Path) -> None:
    again = alice.publish(
        work / "My higgs.ipynb", "user.alice", outputs=work / "plots", lifetime="9d", note="a try"
    )
    assert (again.did, again.new, again.files) == (published.did, False, published.files)
    assert again.provenance == published.provenance
    assert again.rule is not None
    assert published.rule is not None
    assert again.rule.id == published.rule.id


# Processes that are killed: the n-th by the n-th answer of Rucio, but to what only asks.
KILLED = """
import os, signal, sys
import dlaas
import dlaas.publish, dlaas.transfer.upload.many, dlaas.transfer.upload
from dlaas.rucio.client import LakeClient

notebook, outputs = sys.argv[1:]
genuine = LakeClient._send_request
left = 0

def send(self, url, method, **options):
    global left
    answer = genuine(self, url, method, **options)
    left -= getattr(method, "value", method) != "GET"
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

LakeClient._send_request = send
killed = 0
while True:
    child = os.fork()
    if child == 0:
        left = killed + 1
        found = dlaas.Lake().publish(
            notebook, "user.alice", outputs=outputs, lifetime="9d", environment="imported"
        )
        print(found.did, flush=True)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        break
    killed += 1
print(killed)
"""


def test_one_that_is_killed_after_each_thing_that_it_tells_rucio_ends_the_same(
    alice: Lake, work: Path, alice_env: dict[str, str], tmp_path: Path
) -> None:
    notebook, plots = work / "My higgs.ipynb", work / "plots"
    run = CommandLine(tmp_path, lake_env(alice_env))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, notebook, plots],
        env=run.env, capture_output=True, text=True, check=True, timeout=LONGEST,
    )  # fmt: skip
    did, killed = done.stdout.split()
    assert int(killed) > 5
    found = alice.publish(
        notebook, "user.alice", outputs=plots, lifetime="9d", environment="imported"
    )
    assert (found.did, found.new) == (did, False)
    assert {entry.did for entry in alice.list_files(did)} == set(found.files)
    assert alice.get(did).open is False
    assert alice.get(did).custom["dlaas_provenance"]["digest"] == found.provenance.digest
    (rule,) = alice.list_rules(did)
    assert rule.locks_ok == len(found.files)


def test_another_publications_name_is_refused_before_a_byte_is_sent(
    alice: Lake, work: Path, lake: EmbeddedLake, fresh: Fresh
) -> None:
    name, notebook = fresh("named"), work / "My higgs.ipynb"
    first = alice.publish(notebook, "user.alice", name=name, lifetime="9d")
    assert first.did == f"user.alice:{name}"
    assert not alice.publish(notebook, "user.alice", name=name, lifetime="9d").new
    (work / "constants.py").write_text("Z = 91.3\n")
    before = sum(1 for path in Path(lake.layout.storage).rglob("*") if path.is_file())
    with pytest.raises(errors.DataIdentifierAlreadyExists, match="for ever"):
        alice.publish(notebook, "user.alice", name=name, lifetime="9d")
    assert sum(1 for path in Path(lake.layout.storage).rglob("*") if path.is_file()) == before
    # A dataset of other files is nobody's publication.
    other = fresh("set")
    alice.client.add_dataset("user.alice", other)
    alice.upload(notebook, f"user.alice:{fresh('x')}", dataset=f"user.alice:{other}", lifetime="1d")
    with pytest.raises(errors.DataIdentifierAlreadyExists):
        alice.publish(notebook, "user.alice", name=other, lifetime="9d")


def _is_known(alice: Lake, did: str) -> bool:
    try:
        return alice.get(did).did == did
    except errors.DataIdentifierNotFound:
        return False


def test_one_that_was_erased_comes_back(
    alice: Lake, work: Path, eventually: Callable[..., Any]
) -> None:
    notebook = work / "My higgs.ipynb"
    first = alice.publish(notebook, "user.alice", lifetime=5, environment="imported")
    eventually(lambda: not _is_known(alice, first.did), 180)
    again = alice.publish(notebook, "user.alice", lifetime="9d", environment="imported")
    assert (again.did, again.new) == (first.did, True)
    assert {entry.did for entry in alice.list_files(again.did)} == set(again.files)
    assert _read(_parts(again)["My_higgs.ipynb"]) == notebook.read_bytes()


def test_one_whose_files_are_being_erased_gets_the_next_name(
    alice: Lake, work: Path, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rucio erases the files first, and a closed dataset takes no others."""
    notebook, name = work / "My higgs.ipynb", fresh("erased")
    alice.client.add_dataset("user.alice", name)
    alice.client.close("user.alice", name)
    with pytest.raises(errors.DataIdentifierAlreadyExists):
        alice.publish(notebook, "user.alice", name=name, lifetime="1d", environment="imported")
    monkeypatch.setattr(publication, "_name", lambda _: name)
    for new in (True, False):
        found = alice.publish(notebook, "user.alice", lifetime="1d", environment="imported")
        assert (found.did, found.new) == (f"user.alice:{name}-2", new)
    assert {entry.did for entry in alice.list_files(found.did)} == set(found.files)


def test_publishing_again_for_longer_lengthens_the_rule(
    alice: Lake, published: Published, work: Path
) -> None:
    again = alice.publish(
        work / "My higgs.ipynb", "user.alice", outputs=work / "plots", note="more", lifetime="30d"
    )
    assert again.provenance.note == "a try"
    assert "The note of the first time stays." in again.remarks
    assert published.rule is not None
    assert published.rule.expires_at is not None
    assert again.rule is not None
    assert again.rule.expires_at is not None
    assert (again.rule.expires_at - published.rule.expires_at).days in (20, 21)


@pytest.mark.parametrize(
    ("scope", "error"), [("user.bob", errors.AccessDenied), ("NOPE", errors.ScopeNotFound)]
)
def test_a_foreign_scope_is_refused(
    alice: Lake, work: Path, scope: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        alice.publish(work / "My higgs.ipynb", scope)


def test_an_input_that_is_not_there_is_refused(alice: Lake, work: Path) -> None:
    with pytest.raises(errors.DataIdentifierNotFound):
        alice.publish(work / "My higgs.ipynb", "user.alice", inputs=["user.alice:nope"])


def test_a_fault_in_the_record_is_told_and_hides_no_other(alice: Lake, work: Path) -> None:
    path = write_notebook(
        work / "faulty.ipynb",
        code_cell(f"# {os.urandom(8).hex()}"),
        records=[
            {"variableName": "a", "did": "nonsense", "type": "file"},
            {"variableName": "mc", "did": FILE, "type": "file"},
        ],
        language_info={"version": "3.8.0"},
    )
    found = alice.publish(path, "user.alice", lifetime="1d", environment="imported")
    assert [one.did for one in found.provenance.inputs] == [FILE]
    assert "a in the notebook's record is left out" in str(found)
    assert "ran last in 3.8.0" in str(found)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}'])
def test_what_is_no_notebook_is_told_as_such(alice: Lake, tmp_path: Path, content: str) -> None:
    path = tmp_path / "some.ipynb"
    path.write_text(content)
    with pytest.raises(errors.InvalidInput, match="no notebook"):
        alice.publish(path, "user.alice")
    with pytest.raises(errors.NotThere):
        alice.publish(tmp_path / "nope.ipynb", "user.alice")


# Secrets


@pytest.mark.parametrize(
    "cell",
    [
        code_cell('password = "hunter2hunter2"'),
        code_cell("token = 'abcdef123456'"),
        code_cell('Lake(credentials=Userpass("alice", password="s3cr3t-of-alice"))'),
        code_cell(f'x = "{JWT}"'),
        code_cell("!rucio --password hunter2x whoami"),
        code_cell('requests.get("https://alice:hunter2@example.org/data")'),
        code_cell("print(t)", {"output_type": "stream", "name": "stdout", "text": [f"{JWT}\n"]}),
        code_cell("x", {"output_type": "execute_result", "data": {"text/plain": f"'{JWT}'"}}),
        code_cell("x", {"output_type": "error", "traceback": ["Authorization: Bearer ab12" * 5]}),
        code_cell("h", {"data": {"application/json": {"access_token": "0123456789abcdef"}}}),
        code_cell("t = '''\n-----BEGIN RSA PRIVATE KEY-----\nabc\n'''"),
        code_cell(f"x = 'alice-alice-unknown-{'0a' * 16}'"),
        code_cell("key = 'ghp_" + "a1" * 20 + "'"),
        code_cell("%%writefile rucio.cfg\n[client]\npassword = hunter2x"),
        code_cell("x", {"data": {"image/svg+xml": ["<svg><text>", f"{JWT}</text></svg>"]}}),
        code_cell("x", {"traceback": ["password=\x1b[38;5;124m'\x1b[39mhunter2x\x1b[39m'"]}),
        code_cell("print(x)", {"text": f"{'.' * 30_000}{JWT}"}),
    ],
)
def test_a_notebook_that_holds_a_secret_is_refused_and_the_secret_is_not_repeated(
    alice: Lake, tmp_path: Path, cell: dict[str, Any]
) -> None:
    path = write_notebook(tmp_path / "refused.ipynb", code_cell("import dlaas"), cell)
    with pytest.raises(errors.InvalidInput, match="seems to hold secrets") as caught:
        alice.publish(path, "user.alice")
    told = f"{caught.value} {caught.value.details}"
    assert "cell 2" in told
    assert not any(secret in told for secret in ("hunter2", JWT, "s3cr3t", "abcdef123456", "ghp_"))
    assert list(alice.search("user.alice:refused*")) == []


@pytest.mark.parametrize(
    "text",
    [
        'os.environ["RUCIO_PASSWORD"] = "hunter2hunter2"',
        'os.environ.setdefault("API_TOKEN", "0123456789")',
        'password: str = "hunter2hunter2"',
        'token = b"abcdef123456"',
        'password = "pa$$w0rd1"',
        'auth=("alice", "hunter2x")',
        '!rucio --password "hunter2x" whoami',
        "!curl -u alice:hunter2x https://example.org",
        "%env RUCIO_PASSWORD=hunter2hunter2",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
        "{'AWS_SESSION_TOKEN': 'FwoGZXIvYXdzEBYaDExample'}",
        "ASIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhYmNkZWYifQ.",
        "Authorization: token 0123456789abcdef0123",
        "http://localhost:8888/?token=0123456789abcdef0123456789abcdef",
        "redis://:hunter2@example.org/0",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=",
        r"{\"access_token\": \"0123456789abcdef\"}",
        "{&quot;access_token&quot;: &quot;0123456789abcdef&quot;}",
        "MDAxY2xvY2F0aW9uIE9wdGlvbmFsLmVtcHR5CjAwMThpZGVudGlm",
    ],
)
def test_a_secret_is_known_however_it_is_written(text: str) -> None:
    assert [line for line, _ in suspects.in_text(text, is_code=True)] == [1]


def test_what_is_printed_of_a_configuration_is_known_without_quotes() -> None:
    assert list(suspects.in_text("account = alice\npassword = hunter2x\n")) == [
        (2, "a password or token")
    ]


def test_an_image_on_one_line_takes_no_time(tmp_path: Path) -> None:
    """It took hours: here the time limit of the tests ends it."""
    for line in ("a" * 10**6, "pwd-" * 10**5, "eyJaaaaaaaa " * 10**5):
        assert list(suspects.in_text(line)) == []


def test_a_password_that_was_typed_into_a_widget_is_found(tmp_path: Path) -> None:
    widget = {"model_name": "PasswordModel", "state": {"description": "", "value": "hunter2"}}
    path = write_notebook(tmp_path / "w.ipynb", widgets={"x": {"state": {"1": widget}}})
    (found,) = suspects.in_notebook(notebooks.read(path))
    assert found == "metadata of the notebook: what was typed into a field for passwords"
    widget["state"] = {"value": ""}
    path = write_notebook(tmp_path / "w.ipynb", widgets={"x": {"state": {"1": widget}}})
    assert suspects.in_notebook(notebooks.read(path)) == []


def test_a_token_in_a_file_of_data_and_at_the_beginning_of_a_large_one_is_found(
    tmp_path: Path,
) -> None:
    data, large = tmp_path / "x.pickle", tmp_path / "x.log"
    data.write_bytes(b"\0\1" + JWT.encode() + b"\0 password = 'hunter2hunter2'")
    assert suspects.in_file(data) == ["somewhere in it: a token"]
    large.write_text(f"{JWT}\n")
    os.truncate(large, 10**10)
    assert suspects.in_file(large) == ["somewhere in it: a token"]


@pytest.mark.parametrize(
    "source",
    [
        'tokenizer = "bert-base-uncased"',
        'token_type = "Bearer"',
        'token_endpoint="iam.example.org/token"',
        'columns = ["token", "lemma_2"]',
        "# a basic H_to_gamma_gamma_2012 analysis of mc_341081.ttH125_gamgam.GamGam.root",
        'parser.add_argument("--token", help="use --token TOKEN")',
        "https://user:password@example.org",
        "call(a, TOKEN=OTHER_TOKEN)",
        "token = previous_token_2",
        "PWD=/home/alice",
        "BEARER_TOKEN_FILE=/tmp/bt_u1000",
        'x = "user.alice:histos-v1", "adler32:0a1b2c3d"',
        "commit 0123456789abcdef0123456789abcdef01234567",
        '"password": "${RUCIO_PASSWORD}"',
        '"secret": {"type": "string"}',
        "password = getpass.getpass()",
        'token = os.environ["TOKEN"]',
        'password = "..."',
        'password = "<your password>"',
        'token = "your-token-here"',
        "password = None",
        'client_secret_file = "/etc/secret"',
        "tokens = tokenizer(text)",
        'tree = file["mini"]  # the secret of success: patience',
        'print(f"token: {token}")',
        'url = "https://example.org:8443/a@b"',
        "sum = 'd41d8cd98f00b204e9800998ecf8427e'",
        "lake = dlaas.Lake(credentials=TokenFile('~/token'))",
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(source: str) -> None:
    assert list(suspects.in_text(source, is_code=True)) == []


def test_secrets_in_code_and_outputs_are_found_and_may_be_allowed(alice: Lake, work: Path) -> None:
    notebook = work / "My higgs.ipynb"
    (work / "helpers.py").write_text("import constants\nPASSWORD = 'hunter2hunter2'\n")
    (work / "plots" / "log.txt").write_text(f"sent {JWT}\n")
    with pytest.raises(errors.InvalidInput) as caught:
        alice.publish(notebook, "user.alice", outputs=work / "plots")
    assert caught.value.details["found"] == [
        "helpers.py, line 2: a password or token",
        "log.txt, line 1: a token",
    ]
    lock = work / "lock.txt"
    lock.write_text("--extra-index-url https://alice:hunter2@example.org/simple\n")
    with pytest.raises(errors.InvalidInput) as caught:
        alice.publish(notebook, "user.alice", environment=str(lock))
    assert "environment/lock.txt, line 1: a password in a URL" in caught.value.details["found"]
    allowed = alice.publish(
        notebook, "user.alice", outputs=work / "plots", lifetime="1d", even_with_secrets=True
    )
    assert "seems to hold secrets" in str(allowed)


# The environment


def test_the_lock_names_versions_and_no_path_host_or_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(name: str, **direct: Any) -> None:
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if direct:
            (info / "direct_url.json").write_text(json.dumps(direct))

    install("Plain.Thing_x")
    install("local", url="file:///home/alice/secret-project", dir_info={"editable": True})
    install(
        "fromgit",
        url="https://alice:hunter2@git.example.org/a/b?token=x",
        vcs_info={"vcs": "git", "commit_id": "abc123"},
    )
    install("archive", url="https://pypi.internal.example.org/archive-1.0.whl", archive_info={})
    monkeypatch.syspath_prepend(tmp_path)
    lines = environments.lock().splitlines()
    assert lines[0].startswith(f"# Python {platform.python_version()} on ")
    assert "plain-thing-x==1.0" in lines
    assert "fromgit @ git+https://git.example.org/a/b@abc123" in lines
    text = "\n".join(lines)
    assert not any(
        word in text for word in ("alice", "hunter2", "file:", "internal", str(tmp_path))
    )


def test_the_lock_of_what_is_imported_has_what_that_needs_and_no_more() -> None:
    names = {line.partition("=")[0] for line in environments.lock(["pandas"]).splitlines()}
    assert {"pandas", "numpy", "python-dateutil"} <= names
    assert not {"uproot", "jupyterlab"} & names


def test_a_lock_of_ones_own_is_published_as_it_is(alice: Lake, work: Path) -> None:
    (work / "conda.yml").write_text("name: mine\n")
    found = alice.publish(
        work / "My higgs.ipynb", "user.alice", environment=str(work / "conda.yml"), lifetime="1d"
    )
    parts = _parts(found)
    assert _read(parts["environment/conda.yml"]) == b"name: mine\n"
    assert "environment.txt" not in parts


# What is read of the notebook


def test_only_the_notebooks_own_modules_are_its_code(work: Path) -> None:
    (work / "package" / "deep").mkdir(parents=True)
    for name in ("package/__init__.py", "package/deep/inner.py"):
        (work / name).touch()
    found = notebooks.own_modules(work, {"helpers", "package", "json"})
    names = [path.relative_to(work).as_posix() for path in found]
    assert sorted(names) == [
        "constants.py",
        "helpers.py",
        "package/__init__.py",
        "package/deep/inner.py",
    ]


def test_imports_are_found_among_magics_and_broken_cells() -> None:
    cells = [
        "%%bash\nimport nothing",
        "import a.b, c\nfrom d.e import f",
        "def (:",
        "from . import g",
    ]
    assert notebooks.imported([*cells, "%time\nx?\n!pip install z\nimport h"]) == {
        "nothing", "a", "c", "d", "h",
    }  # fmt: skip


def test_large_outputs_are_files_of_their_own(
    alice: Lake, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_SMALL", 1000)
    (work / "plots" / "big.bin").write_bytes(os.urandom(5000))
    found = alice.publish(
        work / "My higgs.ipynb", "user.alice", outputs=work / "plots", lifetime="1d"
    )
    parts = _parts(found)
    assert _read(parts["outputs/big.bin"]) == (work / "plots" / "big.bin").read_bytes()
    assert list(open_bundle(parts["outputs.zip"])) == ["mass.csv", "pt.csv"]


def test_an_output_that_changes_while_it_is_sent_is_noticed(
    alice: Lake, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "out.bin").write_bytes(b"one")
    genuine = Lake.upload_many

    def upload_many(lake: Lake, files: Any, **options: Any) -> Any:
        (work / "out.bin").write_bytes(b"two")
        return genuine(lake, files, **options)

    monkeypatch.setattr(Lake, "upload_many", upload_many)
    with pytest.raises(errors.InvalidInput, match="changed while"):
        alice.publish(
            work / "My higgs.ipynb", "user.alice", outputs=work / "out.bin", lifetime="1d"
        )


class _Huge:
    """A lake with a dataset of many files that come in another order each time."""

    def __init__(self, alice: Lake, count: int, step: int) -> None:
        self.instance = alice.instance
        self._alice, self._count, self._step = alice, count, step

    def get(self, did: str) -> Any:
        return self._alice.get(did)

    def list_files(self, did: str) -> Any:
        for number in range(self._count):
            one = number * self._step % self._count
            yield dlaas.model.Entry(dlaas.DID(f"s:{one:06}"), "file", one, None, f"{one:08x}")


def test_the_listing_of_inputs_does_not_depend_on_the_order_in_which_rucio_answers(
    alice: Lake, tmp_path: Path
) -> None:
    made = []
    for step in (1, 7):
        listing = tmp_path / f"{step}.jsonl"
        (one,) = resolve(_Huge(alice, 20_000, step), [DATASET], listing)  # type: ignore[arg-type]
        made.append((one, listing.read_bytes()))
    assert made[0] == made[1]
    assert (made[0][0].files, made[0][0].bytes) == (20_000, 20_000 * 19_999 // 2)
    assert made[0][1].count(b"\n") == 20_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.jsonl", "7.jsonl"]
