"""What a publication consists of: read once, checked for secrets, and laid out in a folder of ours.

A notebook may be saved again at any moment: what is checked, described and sent is one copy of it.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.errors import InvalidInput
from dlaas.publish import environments, notebooks, recording, suspects
from dlaas.publish.bundles import bundle
from dlaas.publish.gathering import Watched, gather, unreadable
from dlaas.publish.inputs import Input, resolve
from dlaas.transfer.upload.sources import Named, Sources

if TYPE_CHECKING:
    from dlaas.lake import Lake

ENVIRONMENT = "environment.txt"
INPUTS = "inputs.jsonl"
OUTPUTS = "outputs.zip"
# Outputs that are smaller go into one archive: storages and transfers count in files.
_SMALL = 10_000_000
_ODD = re.compile(r"[^A-Za-z0-9._/-]+")


@dataclass(frozen=True)
class Part:
    """A file of a publication: its name there, where it lies here, and what its bytes are."""

    name: str
    path: Path
    bytes: int
    adler32: str
    sha256: str


@dataclass(frozen=True)
class Prepared:
    """All that will be sent but the manifest; `digest` changes with any byte of it."""

    notebook: notebooks.Notebook
    parts: tuple[Part, ...]
    inputs: tuple[Input, ...]
    remarks: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The sha256 of the names and contents of all parts."""
        rows = "".join(f"{part.sha256} {part.name}\n" for part in self.parts)
        return hashlib.sha256(rows.encode()).hexdigest()

    @property
    def bytes(self) -> int:
        """How many bytes there are in all."""
        return sum(part.bytes for part in self.parts)


def prepare(
    lake: Lake,
    notebook: Named,
    folder: Path,
    *,
    inputs: Iterable[str],
    code: Sources,
    outputs: Sources,
    environment: str,
    even_with_secrets: bool,
) -> Prepared:
    """Read all of a publication into a folder; raises `InvalidInput` where it holds secrets."""
    found = notebooks.read(Path(notebook).expanduser())
    remarks = _remarks(found, environment)
    files = {f"{found.name}.ipynb": _copy(folder, "notebook", found.content)}
    own = _copies(folder, _code(found, code))
    files |= {f"code/{name}": path for name, path in own.items()}
    made = gather(outputs) if _any(outputs) else {}
    lock = _environment(folder, found, own, environment)
    check_secrets(found, {**own, **lock}, made, even_with_secrets, remarks)
    files |= {**_outputs(folder, made), **lock}
    wanted, wrong = recording.references(found)
    known = resolve(lake, [*wanted, *inputs], folder / INPUTS)
    if known:
        files[INPUTS] = folder / INPUTS
    parts = tuple(part_of(name, path) for name, path in sorted(_clean(files).items()))
    return Prepared(found, parts, known, (*remarks, *wrong))


def _any(files: Sources) -> bool:
    return not (isinstance(files, (tuple, list, dict)) and not files)


def clean(name: str) -> str:
    """Make of a file's name what Rucio takes."""
    return _ODD.sub("_", name).lstrip("._-/") or "file"


def _clean(files: dict[str, Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, path in files.items():
        if found.setdefault(clean(name), path) != path:
            raise InvalidInput(
                f"Two files would be called {clean(name)} in the lake.", remedy="Rename one."
            )
    return found


def _copies(folder: Path, code: dict[str, Path]) -> dict[str, Path]:
    """Read the code once: what is checked is what is sent."""
    found = {}
    for number, (name, path) in enumerate(code.items()):
        try:
            # It may be named as code and yet be data of any size.
            found[name] = Path(shutil.copyfile(path, folder / f"code-{number}"))
        except OSError as error:
            raise unreadable(path, error) from error
    return found


def _copy(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _remarks(notebook: notebooks.Notebook, environment: str) -> list[str]:
    if environment not in ("all", "imported"):
        return []
    if not notebook.is_python:
        return ["The notebook is not in Python, and the environment that is kept is Python's."]
    here, there = platform.python_version(), notebook.language_version
    if there is None or there == here:
        return []
    return [f"The environment is that of Python {here} here; the notebook ran last in {there}."]


def _code(notebook: notebooks.Notebook, code: Sources) -> dict[str, Path]:
    """Find what is published as code: what was named, and the notebook's own modules."""
    home = notebook.path.parent
    own = []
    if notebook.is_python:
        own = notebooks.own_modules(home, notebooks.imported(notebook.sources()))
    found = {path.relative_to(home).as_posix(): path for path in own}
    return {**found, **(gather(code) if _any(code) else {})}


def _outputs(folder: Path, made: dict[str, Path]) -> dict[str, Path]:
    small = {name: path for name, path in made.items() if path.stat().st_size < _SMALL}
    if len(small) < 2:
        small = {}
    files = {f"outputs/{name}": path for name, path in made.items() if name not in small}
    if small:
        archive = folder / OUTPUTS
        bundle({path: name for name, path in small.items()}, archive)
        files[OUTPUTS] = archive
    return files


def _environment(
    folder: Path, notebook: notebooks.Notebook, code: dict[str, Path], environment: str
) -> dict[str, Path]:
    if environment == "all":
        return {ENVIRONMENT: _copy(folder, ENVIRONMENT, environments.lock().encode())}
    if environment == "imported":
        texts = [path.read_text("utf-8", "replace") for path in code.values()]
        modules = notebooks.imported([*notebook.sources(), *texts])
        return {ENVIRONMENT: _copy(folder, ENVIRONMENT, environments.lock(modules).encode())}
    given = gather(environment)
    if len(given) != 1:
        raise InvalidInput("The environment is 'all', 'imported', or one file.")
    ((name, path),) = given.items()
    return {f"environment/{name}": Path(shutil.copyfile(path, folder / ENVIRONMENT))}


def check_secrets(
    notebook: notebooks.Notebook,
    code: dict[str, Path],
    outputs: dict[str, Path],
    even_with_secrets: bool,
    remarks: list[str],
) -> None:
    """Refuse what looks like a password or token; the text never says what it is."""
    found = [f"{notebook.path.name}, {where}" for where in suspects.in_notebook(notebook)]
    for name, path in [*code.items(), *outputs.items()]:
        found += [f"{name}, {where}" for where in suspects.in_file(path)]
    if not found:
        return
    named = "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
    if even_with_secrets:
        remarks.append(f"It was published although it seems to hold secrets: {named}.")
        return
    raise InvalidInput(
        f"It seems to hold secrets, which everybody could read: {named}.",
        remedy="Take them out, run or clear those cells, and save; if they are none, say"
        " even_with_secrets=True.",
        details={"found": found},
    )


def part_of(name: str, path: Path) -> Part:
    """Read a file once for its checksums; raises `InvalidInput` where it changes meanwhile."""
    watched, sha256, adler32, count = Watched(), hashlib.sha256(), 1, 0
    for chunk in watched.read(path):
        sha256.update(chunk)
        adler32 = zlib.adler32(chunk, adler32)
        count += len(chunk)
    return Part(name, path, count, f"{adler32:08x}", sha256.hexdigest())
