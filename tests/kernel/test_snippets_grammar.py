"""The cells for R and Julia, read by the grammars of these languages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tree_sitter_language_pack import get_parser

import dlaas.snippets
from dlaas import Lake
from dlaas.access import rank
from dlaas.model import Snippet, VariableRecord
from dlaas.snippets import cells
from dlaas.snippets.openers import OTHERS

KERNELS = ("R", "julia")
# For each language one ending of those that are opened alike.
ENDINGS = {
    kernel: tuple({alike: ending for ending, alike in OTHERS[kernel.lower()].items()}.values())
    for kernel in KERNELS
}

ODD_PATHS = [
    "/data/plain.root",
    '/data/it\'s "50%" of $HOME and $(run(`true`))/x.root',
    "C:\\data\\new\\x41\\",
    "/two\nlines\rand\ttabs/\x01b\x7ff",
    "/é/日本/\N{PILE OF POO}/e\N{COMBINING ACUTE ACCENT}/\x85\N{LINE SEPARATOR}\N{NO-BREAK SPACE}9",
    '/%s/%d/%%/{name}/{}/`x`/#/r"(x)"',
    os.fsdecode(b"/no text: \xff\xc3a9"),
    "",
]

# Languages' own words, what the cells call, what they import, and other scripts.
ODD_NAMES = """
    _x x1 end function repeat NULL begin using where String c library keys first file n
    readline eachline readLines h5ls lapply do_call reduce vcat CSV DataFrame DataFrames arrow
    rhdf5 FITSio FITSIO HDF5 UnROOT ROOTFile Parquet2 Dataset é ℘ 日本 a፩
"""


def walk(node) -> Iterator:
    yield node
    for child in node.children:
        yield from walk(child)


def parse(kernel: str, text: str) -> list:
    """List the nodes of a cell, after its comments; fails where the grammar finds an error."""
    root = get_parser(kernel.lower()).parse(text.encode("utf-8", "surrogateescape")).root_node
    assert not root.has_error, text
    return [node for node in walk(root) if "comment" not in node.type]


def read(literal: bytes) -> str:
    """Read a literal of R or Julia that has no other escapes than both know alike."""
    assert (literal[:1], literal[-1:]) == (b'"', b'"')

    def one(match: re.Match[bytes]) -> bytes:
        (escaped,) = match.groups()
        return bytes([int(escaped[1:], 16)]) if escaped[:1] == b"x" else escaped

    return os.fsdecode(re.sub(rb'\\(x[0-9a-f]{2}|[\\"$])', one, literal[1:-1]))


def literals(nodes: list) -> list[str]:
    """List what the strings in a cell denote; fails where Julia would put a value into one."""
    assert not any(node.type == "string_interpolation" for node in nodes)
    return [read(node.text) for node in nodes if node.type in ("string", "string_literal")]


def assigned(nodes: list) -> str:
    """Answer the name that a cell gives its strings."""
    (made,) = (
        node
        for node in nodes
        if node.type == "assignment"
        or (node.type == "binary_operator" and node.children[1].text == b"<-")
    )
    assert made.children[0].type == "identifier"
    return made.children[0].text.decode()


def used(nodes: list, name: str) -> int:
    """Count where a cell says a name, but for calls: in R they find functions only."""
    return sum(
        node.type == "identifier"
        and node.text.decode() == name
        and not (node.parent.type == "call" and node.parent.children[0] == node)
        for node in nodes
    )


@pytest.fixture(scope="module")
def records(
    alice: Lake, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[VariableRecord, VariableRecord]]:
    """A file of each type that R or Julia opens, and a dataset of it."""
    folder, stem = tmp_path_factory.mktemp("grammar"), f"grammar-{time.time_ns()}"
    found = {}
    for ending in {*ENDINGS["R"], *ENDINGS["julia"]}:
        path = folder / f"x{ending}"
        path.write_text(ending)
        did = f"user.alice:{stem}{ending}"
        alice.upload(path, did, dataset=f"{did}.set", lifetime="1d")
        found[ending] = (
            VariableRecord("events", did, "file"),
            VariableRecord("events", f"{did}.set", "collection"),
        )
    return found


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_cell_is_of_the_language_and_names_the_file(
    alice: Lake, records: dict[str, tuple[VariableRecord, VariableRecord]], kernel: str
) -> None:
    for ending in ENDINGS[kernel]:
        best = rank(alice, records[ending][0].did).best
        assert best is not None
        for record in records[ending]:
            strings, opening = cells(record, kernel, alice)
            for cell in (strings, opening):
                nodes = parse(kernel, cell.code)
                assert literals(nodes) == [best.url]
                assert assigned(nodes) == "events"
            assert used(parse(kernel, opening.code), "events") == 2


@pytest.fixture
def at(
    alice: Lake,
    records: dict[str, tuple[VariableRecord, VariableRecord]],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[list[str], str, str, str], Iterator[Snippet]]:
    """Make all cells for the files of one type as if they lay at given paths."""

    def make(paths: list[str], kernel: str, ending: str, name: str) -> Iterator[Snippet]:
        monkeypatch.setattr(dlaas.snippets, "_places", lambda record, lakes: (paths, []))
        for record in records[ending]:
            if record.type == "collection" or len(paths) == 1:
                record = VariableRecord(name, record.did, record.type)
                yield from cells(record, kernel, alice)

    return make


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_odd_path_is_what_the_string_denotes(
    kernel: str, at: Callable[[list[str], str, str, str], Iterator[Snippet]]
) -> None:
    for paths in ([], *([path] for path in ODD_PATHS), ODD_PATHS):
        for cell in at(paths, kernel, ".csv.gz", "events"):
            assert literals(parse(kernel, cell.code)) == paths, cell.code


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_odd_name_is_an_identifier_and_takes_no_other_name(
    kernel: str, at: Callable[[list[str], str, str, str], Iterator[Snippet]]
) -> None:
    """No cell hides what it calls or imports behind its own variable."""
    for ending in ENDINGS[kernel]:
        for name in ODD_NAMES.split():
            strings, *opening = at(["/x"], kernel, ending, name)
            for cell in (strings, *opening):
                nodes = parse(kernel, cell.code)
                made = assigned(nodes)
                assert name in made
                if cell.title != strings.title:
                    assert used(nodes, made) == 2, cell.code


def test_r_itself_reads_back_what_was_written(
    at: Callable[[list[str], str, str, str], Iterator[Snippet]], tmp_path: Path
) -> None:
    folder = tmp_path / 'it\'s "50%" of $HOME\\é\n'
    folder.mkdir()
    (folder / "x.csv").write_text("energy\n1\n2\n")
    interpreter = shutil.which("Rscript")
    if interpreter is None:
        # The grammar above is all that can be asked without one.
        return
    for name in ("events", "_x", "function", "n", "℘", "c"):
        for ending, shown, said in ((".csv.gz", "sum", "3"), (".yml", "unlist", "energy 1 2")):
            for cell in list(at([str(folder / "x.csv")], "R", ending, name))[1::2]:
                *lines, last = cell.code.splitlines()
                script = tmp_path / "cell.R"
                script.write_text("\n".join([*lines, f"cat({shown}({last}))"]), encoding="utf-8")
                found = subprocess.run(
                    [interpreter, "--encoding=UTF-8", script],
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                assert found.stdout == said
