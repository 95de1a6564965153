"""Code that people read and run: strings for R, Julia and C++, and cells that open a file."""

from __future__ import annotations

import ast
import doctest
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import dlaas.notebook.languages
from dlaas import Lake, MultipleItemDID, SingleItemDID
from dlaas.errors import InvalidInput
from dlaas.model import VariableRecord
from dlaas.notebook.languages import language
from dlaas.publish import bundle
from dlaas.snippets import cell, cells, code, suggest_name

FILE = {"did": "ATLAS_OD_EDU:data_A.GamGam.root", "type": "file", "variableName": "events"}
DATA = {"did": "ATLAS_OD_EDU:GamGam_data", "type": "collection", "variableName": "data"}
NASTY = '/data/it\'s "50%" of $HOME\\n/é 日本 \N{PILE OF POO}/??/\t1\x7ff.root'


def test_a_file_is_its_url_until_it_is_here_and_then_its_path(
    alice: Lake, a_file: Path, fresh: Callable[[str], str]
) -> None:
    did = f"user.alice:{fresh('for-r')}"
    alice.upload(a_file, did, lifetime="1d")
    record = VariableRecord("events", did, "file", "lake")
    comment, line = code("R", [record]).splitlines()
    assert comment.startswith(f"# events: {did}. A URL")
    assert re.fullmatch(r'events <- "(https|root)://.+"', line)

    item = SingleItemDID(did, lake=alice)
    item.make_available(lifetime="1d")
    path = item.wait(progress=False).path
    assert code("R", [record]) == f'# events: {did}.\nevents <- "{path}"'
    assert code("julia", [record]) == f'# events: {did}.\nevents = "{path}"'
    assert code("C++17", [record]).splitlines()[-1] == f'std::string events = "{path}";'


def test_a_dataset_is_a_list_of_strings(alice: Lake) -> None:
    files = [entry.did.name for entry in alice.list_files(str(DATA["did"]))]
    for kernel, opening in (
        ("R", "data <- c("),
        ("julia", "data = String["),
        ("c++", "std::vector<std::string> data = {"),
    ):
        text = code(kernel, [DATA])
        assert f"\n{opening}\n" in text
        strings = re.findall(r'^  "(.+)",?$', text, re.MULTILINE)
        assert [Path(string).name for string in strings] == sorted(files)


def test_the_panels_record_in_python_needs_no_panel(alice: Lake) -> None:
    text = code("python", [FILE, {**DATA, "instance": "lake"}])
    names: dict[str, Any] = {}
    exec(text, names)
    assert names["events"].did == FILE["did"]
    assert isinstance(names["data"], MultipleItemDID)


@pytest.mark.parametrize("kernel", ["R", "julia", "C++", "python"])
def test_what_cannot_be_written_is_a_comment_that_says_why(alice: Lake, kernel: str) -> None:
    records: list[Any] = [
        {**FILE, "variableName": "x;system('true')"},
        {**FILE, "did": "no DID"},
        "nonsense",
        {**FILE, "did": "user.alice:never-there", "variableName": "gone"},
        {**FILE, "instance": "elsewhere\nsystem('true')"},
        FILE,
    ]
    lines = code(kernel, records).splitlines()
    sign = "//" if kernel == "C++" else "#"
    made = [line for line in lines if not line.startswith((sign, "#include", "import")) and line]
    if kernel == "python":
        # Asked when it runs.
        made = made[:1] if "events" in made[0] else [line for line in made if "gone" not in line]
    assert any("data_A.GamGam.root" in line for line in made)
    assert not any("system(" in line for line in made)
    if kernel != "python":
        assert len(made) == 1
        assert any("gone: user.alice:never-there: " in line for line in lines)


def test_a_language_without_code_is_said(alice: Lake) -> None:
    with pytest.raises(InvalidInput, match="Fortran"):
        code("Fortran", [FILE])


def test_strings_and_names_are_each_languages_own() -> None:
    r, julia, cpp = language("R"), language("julia"), language("C++14")
    assert r is not None
    assert julia is not None
    assert cpp is not None
    written = r.quote(NASTY)
    assert written.startswith('"/data/it\'s \\"50%\\" of $HOME\\\\n/é 日本 \N{PILE OF POO}/??/')
    assert written.endswith('/??/\\x091\\x7ff.root"')
    assert "of \\$HOME\\\\n" in julia.quote(NASTY)
    assert cpp.quote(NASTY).endswith('/\\?\\?/\\0111\\177f.root"')
    assert [r.name("function"), r.name("_x"), r.name("end")] == ["`function`", "`_x`", "end"]
    assert [julia.name("end"), julia.name("_x")] == ["end_2", "_x"]
    # Julia lets nobody read a name of underscores only.
    assert [julia.name("_"), julia.name("String"), r.name("a፩")] == ["__2", "String_2", "`a፩`"]
    assert [cpp.name("new"), cpp.name("_x"), cpp.name("end")] == ["new_", "_x", "end"]
    assert language("fortran") is None
    assert doctest.testmod(dlaas.notebook.languages).failed == 0


def test_a_comment_takes_no_line_with_it() -> None:
    cpp = language("c++")
    assert cpp is not None
    for end in ("\\", "??/", "\\ \n", "\\."):
        comment = cpp.comment(f"user.alice:x{end}")
        assert "\n" not in comment
        assert re.search(r"x[?]{0,2}\.$", comment)


def test_a_compiler_reads_back_what_was_written(tmp_path: Path) -> None:
    cpp = language("c++")
    assert cpp is not None
    texts = [NASTY, "", "\\", '"', "a" * 1000]
    written = cpp.assign_all("new", texts)
    assert written.count("\n") == len(texts) + 1
    compiler = shutil.which("g++")
    if compiler is None:
        # The text above is all that can be looked at without one.
        return
    source = tmp_path / "main.cpp"
    source.write_text(
        f"{cpp.before}\n#include <cmath>\n#include <cstdio>\n#include <ctime>\n"
        f"{cpp.comment('x??/')}\n{cpp.assign('one', NASTY)}\n"
        f"{cpp.assign('time', '')}\n{cpp.assign('gamma', '')}\n{cpp.assign('errno', '')}\n"
        f"{written}\n{cpp.assign_all('none', [])}\n"
        "int main() { for (auto& t : new_) { fwrite(t.c_str(), 1, t.size() + 1, stdout); }\n"
        "  return one == new_[0] && none.empty() ? 0 : 1; }\n"
    )
    subprocess.run([compiler, "-std=c++14", source, "-o", tmp_path / "main"], check=True)
    found = subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout
    assert found.decode().split("\0")[:-1] == texts


ENDINGS = (
    ".root",
    ".parquet",
    ".csv",
    ".fits",
    ".fits.gz",
    ".h5",
    ".nc",
    ".zarr.zip",
    ".zip",
    ".npy",
    ".json",
    ".txt",
    ".unknown",
)


def make_files(folder: Path) -> dict[str, Path]:
    """Write a small file of each type that a cell opens."""
    import h5py
    import numpy
    import pandas
    import uproot
    import xarray
    import zarr
    from astropy.io import fits
    from astropy.table import Table

    frame = pandas.DataFrame({"energy": [1.0, 2.0, 3.0]})
    path = {ending: folder / f"x{ending}" for ending in ENDINGS}
    with uproot.recreate(path[".root"]) as file:
        file.mktree("mini", {"energy": "float64"}).extend({"energy": frame["energy"].to_numpy()})
    frame.to_parquet(path[".parquet"])
    frame.to_csv(path[".csv"], index=False)
    table = Table({"energy": [1.0, 2.0, 3.0]})
    for ending in (".fits", ".fits.gz"):
        image = fits.PrimaryHDU(numpy.zeros((4, 4)))
        fits.HDUList([image, fits.BinTableHDU(table)]).writeto(path[ending])
    with h5py.File(path[".h5"], "w") as file:
        file["energy"] = frame["energy"].to_numpy()
    numpy.save(path[".npy"], frame["energy"].to_numpy())
    path[".txt"].write_text("energy\n")
    path[".json"].write_text('{"energy": 1}')
    data = xarray.Dataset({"energy": ("n", [1.0, 2.0, 3.0])})
    data.to_netcdf(path[".nc"], engine="scipy")
    with zarr.storage.ZipStore(path[".zarr.zip"], mode="w") as store:
        data.to_zarr(store, zarr_format=2, consolidated=False)
    bundle(path[".txt"], path[".zip"])
    path[".unknown"].write_bytes(b"energy")
    return path


@pytest.fixture(scope="module")
def opened(
    alice: Lake, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[VariableRecord, VariableRecord]]:
    """A file of each type and a dataset of it, in the lake and nowhere else."""
    stem = f"opened-{time.time_ns()}"
    records = {}
    for ending, path in make_files(tmp_path_factory.mktemp("opened")).items():
        did = f"user.alice:{stem}{ending}"
        alice.upload(path, did, dataset=f"{did}.set", lifetime="1d")
        records[ending] = (
            VariableRecord("events", did, "file"),
            VariableRecord("data", f"{did}.set", "collection", "lake"),
        )
    return records


# What the last line of a cell is, or what it prints; by the title of the cell.
TITLES = {
    ".root": ["uproot", "uproot: a tree as arrays", "uproot with Dask"],
    ".parquet": ["pandas", "pyarrow: the schema, and the first rows", "Dask"],
    ".csv": ["pandas", "Dask"],
    ".fits": ["astropy", "astropy: a cutout of an image, without the rest", "astropy: a table"],
    ".fits.gz": ["astropy"],
    ".h5": ["h5py"],
    ".nc": ["xarray"],
    ".zarr.zip": ["zarr", "xarray"],
    ".zip": ["the files in it"],
    ".npy": ["numpy"],
    ".json": ["json", "the first lines"],
    ".txt": ["the first lines"],
    ".unknown": ["the first bytes"],
}
SINGLE = {"astropy: a cutout of an image, without the rest"}
AROUND = [
    "As a variable",
    "Make it available, and wait for it",
    "A folder of links to it, to work in",
]


def run(code: str) -> tuple[dict[str, Any], Any]:
    """Run a cell as a kernel does; answer its names and its last line's value."""
    tree, names = ast.parse(code), dict[str, Any]()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return names, None
    return names, eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ready_made_cell_opens_the_real_file(
    alice: Lake,
    opened: dict[str, tuple[VariableRecord, VariableRecord]],
    ending: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a stream, for nothing was made available; each file, and a dataset of it."""
    for record in opened[ending]:
        found = cells(record, "python", alice)
        titles = [t for t in TITLES[ending] if record.type == "file" or t not in SINGLE]
        assert [one.title for one in found] == [AROUND[0], *titles, *AROUND[1:]]
        for one in found[: len(titles) + 1]:
            capsys.readouterr()
            names, value = run(one.code)
            assert names[record.variableName].did == record.did
            told = f"{value!r}{value}{capsys.readouterr().out}"
            assert one.title == AROUND[0] or len(told.replace("None", "")) > 3, one
            if ending in (".parquet", ".csv", ".nc", ".h5", ".txt"):
                assert one.title in AROUND or "energy" in told, one


def test_no_cell_takes_the_name_of_its_variable(
    alice: Lake, opened: dict[str, tuple[VariableRecord, VariableRecord]]
) -> None:
    """Whatever the variable is called, it is what it was when the cell has run."""
    for ending in (".root", ".fits", ".h5", ".txt"):
        for record in opened[ending]:
            for name in ("file", "tree", "events", "hdus", "name", "group", "opened"):
                called = replace(record, variableName=name)
                for one in cells(called, "python", alice)[1:-2]:
                    names, _ = run(one.code)
                    assert getattr(names[name], "did", None) == record.did, one.code


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (".root", "uproot"),
        (".root", "TTree"),
        (".fits", "fits"),
        (".fits", "Table"),
        (".parquet", "pyarrow"),
        (".zip", "dlaas"),
        (".txt", "r"),
    ],
)
def test_a_variable_named_as_what_opens_it_leaves_that_alone(
    alice: Lake,
    opened: dict[str, tuple[VariableRecord, VariableRecord]],
    ending: str,
    name: str,
) -> None:
    for record in opened[ending]:
        for one in cells(replace(record, variableName=name), "python", alice)[:-2]:
            names, _ = run(one.code)
            own = [names.get(one) for one in (name, f"{name}_2")]
            assert record.did in [getattr(one, "did", None) for one in own], one.code


def test_the_cells_that_bring_the_data_run_in_their_order(
    alice: Lake,
    opened: dict[str, tuple[VariableRecord, VariableRecord]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for record in opened[".csv"]:
        *_, bring, link = cells(record, "python", alice)
        assert [bring.title, link.title] == AROUND[1:]
        names, _ = run(bring.code)
        item = names[record.variableName]
        assert item.available if record.type == "file" else len(item.available) == 1
        names, _ = run(link.code)
        assert [Path(path).name for path in names["folder"]] == [
            Path(opened[".csv"][0].did.partition(":")[2]).name
        ]
    for name, called, made in (("folder", "folder", "folder_2"), ("dlaas", "dlaas_2", "folder")):
        *_, link = cells(replace(opened[".csv"][0], variableName=name), "python", alice)
        names, _ = run(link.code)
        assert (names[called].did, len(names[made])) == (opened[".csv"][0].did, 1)


@pytest.mark.parametrize("kernel", ["R", "julia", "C++17"])
def test_other_languages_have_cells_that_read_the_paths(
    alice: Lake, opened: dict[str, tuple[VariableRecord, VariableRecord]], kernel: str
) -> None:
    name = {"R": "events", "julia": "events", "C++17": "events"}[kernel]
    for ending in (".csv", ".txt"):
        strings, reading, *_ = cells(opened[ending][0], kernel, alice)
        assert strings.title == "The paths as strings"
        assert strings.code == code(kernel, [opened[ending][0]])
        assert strings.code in reading.code
        assert name in reading.code.rpartition(strings.code)[2]
        assert {strings.language, reading.language} == {kernel}
    assert [one.title for one in cells(opened[".unknown"][0], kernel, alice)] == [strings.title]


def test_the_cells_of_cpp_compile_and_read_the_file(
    alice: Lake, opened: dict[str, tuple[VariableRecord, VariableRecord]], tmp_path: Path
) -> None:
    compiler = shutil.which("g++")
    records = [
        replace(record, variableName=name)
        for record in opened[".txt"]
        for name in ("events", "opened", "line")
    ]
    for record in records:
        found = cells(record, "C++17", alice)[1].code
        lines = found.splitlines()
        before = [line for line in lines if line.startswith("#")]
        # Where nothing is here yet it is a URL, which no stream of C++ opens: the line is empty.
        body = [line for line in lines if not line.startswith("#")]
        source = tmp_path / "main.cpp"
        source.write_text("\n".join([*before, "int main() {", *body, "}"]))
        if compiler is not None:
            subprocess.run([compiler, "-std=c++17", source, "-o", tmp_path / "main"], check=True)
            subprocess.run([tmp_path / "main"], check=True)


def test_a_cell_for_an_unknown_type_or_a_lake_that_is_down_still_makes_the_variable(
    alice: Lake,
) -> None:
    item = SingleItemDID("user.alice:x.weird", lake=alice)
    assert cell(item) == (
        'import dlaas\n\nx = dlaas.did("rucio://lake@user.alice/x.weird")\nx.open().read(16)'
    )
    unknown = MultipleItemDID("user.alice:never-there", lake=alice)
    assert 'never_there = dlaas.did("rucio://lake@user.alice/never-there")' in cell(unknown)
    with pytest.raises(InvalidInput):
        cell(item, "no name")
    for wrong in (("no name", "python"), ("x", "Fortran")):
        with pytest.raises(InvalidInput):
            cells(VariableRecord(wrong[0], item.did, "file"), wrong[1], alice)


@pytest.mark.parametrize(
    ("did", "name"),
    [
        ("a:data_A.GamGam.root", "data_A"),
        ("a:/store/b/2020-x.tar.gz", "data_2020_x"),
        ("a:日本", "data"),
        ("a:print.txt", "print_2"),
        ("a:class", "class_2"),
    ],
)
def test_a_name_is_suggested_that_python_takes(did: str, name: str) -> None:
    assert suggest_name(did) == name
