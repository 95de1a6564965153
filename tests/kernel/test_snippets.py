"""Code that people read and run: strings for R, Julia and C++, and cells that open a file."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dlaas.notebook.languages
from dlaas import Lake, MultipleItemDID, SingleItemDID
from dlaas.errors import InvalidInput
from dlaas.model import VariableRecord
from dlaas.notebook.languages import language
from dlaas.snippets import cell, code, suggest_name

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
    assert written.endswith('/??/\\U000000091\\U0000007ff.root"')
    assert "of \\$HOME\\\\n" in julia.quote(NASTY)
    assert cpp.quote(NASTY).endswith('/\\?\\?/\\0111\\177f.root"')
    assert [r.name("function"), r.name("_x"), r.name("end")] == ["`function`", "`_x`", "end"]
    assert [julia.name("end"), julia.name("_x")] == ['var"end"', "_x"]
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
        f"{cpp.before}\n#include <cstdio>\n{cpp.comment('x??/')}\n{cpp.assign('one', NASTY)}\n"
        f"{written}\n{cpp.assign_all('none', [])}\n"
        "int main() { for (auto& t : new_) { fwrite(t.c_str(), 1, t.size() + 1, stdout); }\n"
        "  return one == new_[0] && none.empty() ? 0 : 1; }\n"
    )
    subprocess.run([compiler, "-std=c++14", source, "-o", tmp_path / "main"], check=True)
    found = subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout
    assert found.decode().split("\0")[:-1] == texts


def make_files(folder: Path) -> dict[str, Path]:
    """Write a small file of each type that a cell opens."""
    import h5py
    import numpy
    import pandas
    import uproot
    from astropy.io import fits

    frame = pandas.DataFrame({"energy": [1.0, 2.0, 3.0]})
    endings = (".root", ".parquet", ".csv", ".fits", ".fits.gz", ".h5", ".npy", ".txt")
    path = {ending: folder / f"x{ending}" for ending in endings}
    with uproot.recreate(path[".root"]) as file:
        file.mktree("mini", {"energy": "float64"}).extend({"energy": frame["energy"].to_numpy()})
    frame.to_parquet(path[".parquet"])
    frame.to_csv(path[".csv"], index=False)
    for ending in (".fits", ".fits.gz"):
        fits.PrimaryHDU(numpy.zeros((4, 4))).writeto(path[ending])
    with h5py.File(path[".h5"], "w") as file:
        file["energy"] = frame["energy"].to_numpy()
    numpy.save(path[".npy"], frame["energy"].to_numpy())
    path[".txt"].write_text("energy\n")
    return path


SHOWN = {".fits": "PRIMARY", ".fits.gz": "PRIMARY", ".h5": "['energy']", ".txt": "energy"}


def test_a_cell_opens_what_the_file_name_promises(
    alice: Lake, tmp_path: Path, fresh: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As a stream, for nothing was made available; each file, and a dataset of it."""
    stem = fresh("opened")
    for ending, path in make_files(tmp_path).items():
        did = f"user.alice:{stem}{ending}"
        alice.upload(path, did, dataset=f"{did}.set", lifetime="1d")
        one = cell(SingleItemDID(did, lake=alice), "events")
        many = cell(MultipleItemDID(f"{did}.set", lake=alice), "data")
        for text, name in ((one, "events"), (many, "data")):
            names: dict[str, Any] = {}
            capsys.readouterr()
            exec(text, names)
            shown = capsys.readouterr().out
            assert names[name].did.startswith(did)
            assert SHOWN.get(ending, "") in shown
            if name == "data" and ending == ".root":
                assert shown == "3 ['energy']\n"


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
