"""Where data came from: kept as metadata, or beside the data where the server keeps none; and the
commands that publish.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from commandline import CommandLine, lake_env
from standin import Answer, Request, StandIn

import dlaas
from dlaas import Lake, errors
from dlaas.publish import Provenance, compare, export_manifest, provenance, read_manifest
from dlaas.publish.inputs import Input, resolve
from dlaas.variables.display import card, text_card
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:GamGam_data"
FILE = "ATLAS_OD_EDU:mc_341081.ttH125_gamgam.GamGam.root"
Fresh = Callable[[str], str]


@pytest.fixture
def own(alice: Lake, a_file: Path, fresh: Fresh) -> str:
    """A file of alice's in a dataset of hers."""
    name = f"user.alice:{fresh('result')}.bin"
    alice.upload(a_file, name, dataset=f"{name}.set", lifetime="9d")
    return name


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "higgs.ipynb"
    metadata = {"rucio_attachments": [{"variableName": "x", "did": FILE, "type": "file"}]}
    cell = {"cell_type": "code", "source": f"import pandas\n# {os.urandom(8).hex()}"}
    path.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": [cell]}))
    return path


@pytest.fixture
def plain(alice: Lake, lake: EmbeddedLake, standin: Callable[..., StandIn]) -> Iterator[Lake]:
    """Alice's lake without the plugin for metadata: its questions go through a service that refuses
    those, as a Rucio on a database without JSON does.
    """

    def forward(request: Request) -> Answer:
        if "/meta" in request.path and request.method == "POST":
            text = "No plugin manages metadata keys ['dlaas_provenance'] on DID s:n"
            told = {"ExceptionClass": "InvalidMetadata", "ExceptionMessage": text}
            return Answer(400, b"{}", {**told, "Content-Type": "application/json"})
        headers = {
            k: v for k, v in request.headers.items() if k.lower() not in ("host", "connection")
        }
        with requests.Session() as session:
            session.trust_env = False
            found = session.request(
                request.method,
                f"{lake.url}{request.path}",
                headers={**headers, "Accept-Encoding": "identity"},
                data=request.body,
                verify=str(lake.layout.ca),
                timeout=60,
            )
        dropped = ("content-length", "transfer-encoding", "connection")
        kept = {k: v for k, v in found.headers.items() if k.lower() not in dropped}
        return Answer(found.status_code, found.content, kept)

    service = standin(forward)
    found = Lake(
        replace(alice.instance, name="plain", rucio_base_url=service.url, rucio_auth_url=lake.url)
    )
    yield found
    found.close()


def test_what_a_result_was_made_of_is_kept_and_read_back(
    alice: Lake, own: str, notebook: Path
) -> None:
    said = alice.set_provenance(own, inputs=[DATASET], notebook=notebook, note="first try")
    found = alice.provenance(own)
    assert found == said
    assert [one.did for one in found.inputs] == [DATASET, FILE]
    assert found.inputs[0].files == len(list(alice.list_files(DATASET)))
    assert found.inputs[1].adler32 == alice.get(FILE).adler32
    assert (found.account, found.notebook) == ("alice", "higgs.ipynb")
    assert found.software["python"] == platform.python_version()
    assert "pandas" in found.software
    text = str(found)
    assert all(word in text for word in (own, "higgs.ipynb", "first try", FILE, "pandas"))


def test_a_variable_is_an_input_and_so_is_what_this_process_has_loaded(
    alice: Lake, own: str
) -> None:
    said = alice.set_provenance(own, inputs=[dlaas.did(DATASET), dlaas.did(FILE)])
    assert [one.did for one in said.inputs] == [DATASET, FILE]
    assert "pytest" in said.software


def test_what_nobody_has_told_is_not_there(alice: Lake, own: str) -> None:
    with pytest.raises(errors.NotThere, match="Nothing is kept"):
        alice.provenance(own)
    with pytest.raises(errors.DataIdentifierNotFound):
        alice.provenance("user.alice:nope")
    with pytest.raises(errors.DataIdentifierNotFound):
        alice.set_provenance("user.alice:nope")


def test_the_card_of_a_variable_tells_where_it_came_from(alice: Lake, own: str) -> None:
    alice.set_provenance(own, inputs=[FILE], note="second try")
    for shown in (card(dlaas.did(own)), text_card(dlaas.did(own))):
        text = " ".join(shown.split())
        assert all(word in text for word in ("made by alice", "second try", f"from {FILE}"))
        assert "dlaas-provenance" not in text
    alice.set_metadata(own, {provenance.KEY: "no json"})
    assert "cannot be read" in " ".join(text_card(dlaas.did(own)).split())


def test_only_the_owner_tells_where_data_came_from(alice: Lake, bob: Lake, own: str) -> None:
    with pytest.raises(errors.AccessDenied):
        bob.set_provenance(own, note="mine")
    alice.set_provenance(own, note="hers")
    assert bob.provenance(own).note == "hers"


def test_what_others_wrote_under_that_key_is_told_as_such(alice: Lake, own: str) -> None:
    for value in ("no json", {"format": "other"}, [1]):
        alice.set_metadata(own, {provenance.KEY: value})
        with pytest.raises(errors.InvalidInput, match="cannot be read"):
            alice.provenance(own)


def test_many_inputs_are_counted_in_the_metadata(
    alice: Lake, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "_MOST_INPUTS", 1)
    alice.set_provenance(own, inputs=[DATASET, FILE])
    found = alice.provenance(own)
    assert ([one.did for one in found.inputs], found.missing) == ([DATASET], 1)
    assert "1 more input" in str(found)


def test_it_is_written_in_the_words_of_prov() -> None:
    one = Input(dlaas.DID("s:n"), "dataset", "other", 10, 2, sha256="ab")
    made = Provenance(
        dlaas.DID("s:x"), provenance.now(), "alice", (one,), "h.ipynb", "cd", {"python": "3"}, "n"
    )
    told = json.loads(json.dumps(made.to_json()))
    assert told["used"] == [
        {"did": "s:n", "type": "dataset", "instance": "other", "bytes": 10, "files": 2,
         "sha256": "ab"}
    ]  # fmt: skip
    assert told["wasGeneratedBy"]["notebook"] == "h.ipynb"
    assert provenance.from_json(dlaas.DID("s:x"), told) == made
    assert "rucio://other@s/n (2 files, 10 bytes)" in str(made)


# A server that keeps no metadata of one's own


def test_without_the_plugin_a_file_beside_the_data_tells(
    plain: Lake, alice: Lake, own: str, notebook: Path
) -> None:
    said = plain.set_provenance(own, notebook=notebook, lifetime="9d")
    assert provenance.KEY not in alice.get(own).custom
    assert alice.get(f"{own}.provenance.json").type == "file"
    assert plain.provenance(own) == said
    # A second try ends in the same place; another story needs another name.
    assert plain.set_provenance(own, notebook=notebook, lifetime="9d") == said
    with pytest.raises(errors.DataIdentifierAlreadyExists):
        plain.set_provenance(own, notebook=notebook, note="other", lifetime="9d")


def test_without_the_plugin_a_datasets_file_is_in_the_dataset(
    plain: Lake, alice: Lake, own: str
) -> None:
    said = plain.set_provenance(f"{own}.set", inputs=[FILE], lifetime="9d")
    held = {str(entry.did) for entry in alice.list_files(f"{own}.set")}
    assert held == {own, f"{own}.set/provenance.json"}
    assert plain.provenance(f"{own}.set") == said


def test_without_the_plugin_a_publication_tells_by_its_manifest(
    plain: Lake, notebook: Path
) -> None:
    found = plain.publish(notebook, "user.alice", lifetime="9d", environment="imported")
    assert "keeps no metadata of one's own" in str(found)
    read = plain.provenance(found.did)
    assert read == found.provenance
    assert [one.did for one in read.inputs] == [FILE]
    assert not plain.publish(notebook, "user.alice", lifetime="9d", environment="imported").new


# The commands


@pytest.fixture
def run(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    """The command as alice."""
    return CommandLine(tmp_path, lake_env(alice_env))


def test_a_bundle_is_written_listed_and_refused(
    run: CommandLine, alice: Lake, fresh: Fresh
) -> None:
    (run.home / "plots").mkdir()
    for name in ("a.txt", "b.txt"):
        (run.home / "plots" / name).write_text(name)
    made = run("bundle", "plots", "-o", "all.zip")
    assert (made.code, made.out) == (0, "all.zip\n")
    assert "2 files" in made.err
    (told,) = run("bundle", "plots/*.txt", "-o", "all.zip", "--json").rows
    assert (told["new"], [one["name"] for one in told["members"]]) == (False, ["a.txt", "b.txt"])
    (run.home / "plots" / "a.txt").write_text("other")
    assert run("bundle", "plots", "-o", "all.zip").code == 2
    assert run("bundle", "plots").code == 2
    did = alice.upload(run.home / "all.zip", f"user.alice:{fresh('all')}.zip", lifetime="1d").did
    (row, _) = run("bundle", "--list", did, "--json").rows
    assert (row["name"], row["size"]) == ("a.txt", 5)
    assert "a.txt" in run("bundle", "--list", "all.zip").out


def test_a_notebook_is_published_and_asked_where_it_is_from(
    run: CommandLine, notebook: Path, alice: Lake
) -> None:
    (run.home / "plot.txt").write_text("plot")
    options = ("--output", "plot.txt", "--lifetime", "9d", "--environment", "imported")
    done = run("publish", notebook, "user.alice", *options, "--input", DATASET)
    assert done.code == 0, done.err
    did = done.out.strip()
    assert did.startswith("user.alice:higgs-")
    again = run("publish", notebook, "user.alice", *options, "--input", DATASET, "--json")
    assert (again.rows[0]["did"], again.rows[0]["new"]) == (did, False)
    shown = run("provenance", did)
    assert shown.code == 0
    assert all(word in shown.out for word in (DATASET, FILE, "higgs.ipynb", "alice"))
    (told,) = run("provenance", did, "--json").rows
    assert [one["did"] for one in told["inputs"]] == [DATASET, FILE]
    assert alice.get(f"{did}/outputs/plot.txt").type == "file"


def test_a_notebook_with_a_password_is_refused_by_the_command(
    run: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "leaky.ipynb"
    cell = {"cell_type": "code", "source": 'password = "hunter2hunter2"'}
    path.write_text(json.dumps({"cells": [cell]}))
    refused = run("publish", path, "user.alice")
    assert refused.code == 2
    assert "cell 1, line 1" in refused.err
    assert "hunter2" not in refused.err + refused.out
    assert run("publish", path, "user.alice", "--even-with-secrets", "--lifetime", "1d").code == 0


def test_provenance_is_set_by_the_command(run: CommandLine, own: str, notebook: Path) -> None:
    assert run("provenance", own).code == 3
    assert run("provenance", own, "--note", "x").code == 2
    done = run("provenance", own, "--set", "--notebook", notebook, "--note", "by hand", "--json")
    assert done.code == 0, done.err
    told: dict[str, Any] = done.rows[0]
    assert (told["notebook"], told["note"]) == ("higgs.ipynb", "by hand")
    assert "by hand" in run("provenance", own).out
    assert f"see dlaas provenance {own}" in run("info", own).out


# Handing on


def test_what_a_notebook_reads_is_exported_and_fetched_on_another_hub(
    run: CommandLine, alice_env: dict[str, str], notebook: Path, tmp_path: Path, alice: Lake
) -> None:
    told = run("export", "manifest", notebook)
    assert told.code == 0, told.err
    (item,) = json.loads(told.out)["items"]
    own = alice.get(FILE)
    assert (item["did"], item["bytes"], item["adler32"]) == (FILE, own.bytes, own.adler32)
    hub = CommandLine(tmp_path / "hub", lake_env(alice_env))
    hub.home.mkdir()
    (hub.home / "m.json").write_text(told.out)
    came = hub("restore", "m.json", "-o", "data")
    assert came.code == 0, came.err
    assert came.out == f"same     {FILE}\n"
    assert {p.stat().st_size for p in (hub.home / "data").rglob("*.root")} == {own.bytes}
    (row,) = hub("restore", "m.json", "--lifetime", "9d", "--json").rows
    assert (row["did"], row["state"]) == (FILE, "same")
    assert alice.get_rule(row["rule"]).did == FILE
    assert run("export", "manifest", tmp_path / "nope.ipynb").code == 3


def test_what_is_missing_or_changed_is_told_and_the_rest_is_fetched(
    run: CommandLine, alice: Lake, own: str, tmp_path: Path, fresh: Fresh
) -> None:
    records = [{"variableName": "x", "did": f"{own}.set", "type": "collection"}]
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {"rucio_attachments": records}}))
    told, wrong = export_manifest(alice, path)
    (one,), manifest = told["items"], tmp_path / "m.json"
    assert ([row["did"] for row in one["contents"]], wrong) == ([own], [])
    manifest.write_text(json.dumps(told))
    (item,) = read_manifest(manifest)
    assert compare(lambda _: alice, item).state == "same"

    new = tmp_path / "new.bin"
    new.write_bytes(b"new")
    alice.upload(new, f"user.alice:{fresh('new')}", dataset=f"{own}.set", lifetime="9d")
    one["contents"] = [
        {**one["contents"][0], "adler32": "00000001"},
        {"did": "user.alice:ghost", "bytes": 1, "adler32": "00000001"},
    ]
    # The other hub has another name for the lake.
    ghost = {"did": "user.alice:ghost", "type": "file", "instance": "elsewhere"}
    told["items"] = [ghost, {**one, "instance": "elsewhere"}]
    manifest.write_text(json.dumps(told))
    assert run("restore", manifest, "-o", "data").code == 3
    here = ("restore", manifest, "-o", "data", "--instance", alice.instance.name)
    done = run(*here, "--json")
    assert done.code == 1, done.err
    lost, changed = done.rows
    assert (lost["did"], lost["state"]) == ("user.alice:ghost", "missing")
    assert {key: changed[key] for key in ("state", "changed", "missing", "added", "files")} == {
        "state": "changed", "changed": [own], "missing": ["user.alice:ghost"], "added": 1,
        "files": 2,
    }  # fmt: skip
    shown = run(*here)
    assert "1 missing, 1 changed, 1 new" in shown.out
    assert f"changed: {own}" in shown.err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "dlaas-manifest", "items": [1]}'])
def test_what_is_no_manifest_is_told_as_such(tmp_path: Path, content: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(content)
    with pytest.raises(errors.InvalidInput, match="no manifest of ours"):
        read_manifest(path)
    with pytest.raises(errors.NotThere):
        read_manifest(tmp_path / "nope.json")


def test_the_sum_of_a_collection_is_the_same_under_any_name_of_its_instance(
    alice: Lake, tmp_path: Path
) -> None:
    other = Lake(replace(alice.instance, name="another"), credentials=alice.credential)
    (here,) = resolve(alice, [DATASET], tmp_path / "a")
    (there,) = resolve(other, [f"rucio://{alice.instance.name}@{DATASET.replace(':', '/')}"],
                       tmp_path / "b")  # fmt: skip
    other.close()
    assert (here.sha256, there.instance) == (there.sha256, alice.instance.name)
