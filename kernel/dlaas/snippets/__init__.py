"""Code for people to read and run: a notebook's variables in the kernel's language, or cells that
open one.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlaas.access import list_copies, local_path, rank, rank_file
from dlaas.errors import DlaasError, InvalidInput
from dlaas.model import DID, Entry, Reference, Replica, Snippet, VariableRecord, to_json
from dlaas.notebook.attachments import check_name, parse
from dlaas.notebook.languages import Language, language
from dlaas.rucio.connection import lake_for
from dlaas.snippets.openers import OTHERS, PYTHON, Opener, openers
from dlaas.variables import MultipleItemDID
from dlaas.variables.item import SingleItemDID

if TYPE_CHECKING:
    from dlaas.lake import Lake

# A cell of more names than this is none that a person reads.
_MOST_FILES = 1000

Record = VariableRecord | Mapping[str, Any]
Lakes = Callable[[str | None], "Lake"]


def code(kernel: str, records: Iterable[Record], lakes: Lakes = lake_for) -> str:
    """Write the cell that gives a kernel the variables of a notebook's record as strings.

    `kernel` is the language as the kernel names it: R, julia, C++ (C++17) or python. A file is its
    local path where there is one, else its preferred URL; a collection is a list of them. What
    cannot be written is a comment that says why. Raises `InvalidInput` for another language.
    """
    if kernel.strip().lower() == "python":
        return "\n".join(["import dlaas", "", *map(_python, records)])
    found = _language(kernel)
    lines = [line for record in records for line in _lines(found, record, lakes)]
    return "\n".join([*filter(None, [found.before]), *lines])


def _language(kernel: str) -> Language:
    found = language(kernel)
    if found is None:
        raise InvalidInput(
            f"There is no code for {kernel!r} kernels.", remedy="R, Julia, C++ and Python have."
        )
    return found


def _lines(to: Language, record: Record, lakes: Lakes) -> Iterator[str]:
    """Yield the comment on one variable, and its assignment if there is any."""
    named = "A variable"
    try:
        one = _parsed(record)
        named = f"{to.name(one.variableName)}: {one.did}"
        places, missing = _places(one, lakes)
    except DlaasError as error:
        yield to.comment(f"{named}: {error}")
        return
    yield to.comment(named + _said(places, missing))
    if one.type == "collection":
        yield to.assign_all(one.variableName, places)
    elif places:
        yield to.assign(one.variableName, places[0])


def _places(record: VariableRecord, lakes: Lakes) -> tuple[list[str], list[str]]:
    """List where the files of a record are read from here, and the names of those that are not."""
    lake = lakes(record.instance)
    if record.type == "file":
        item = SingleItemDID(record.did, lake=lake)
        best = None if item.available else rank(lake, item.did).best
        place = item.path if item.available else best and best.url
        return ([place], []) if place else ([], [item.name])
    return _all_places(lake, record)


def _all_places(lake: Lake, record: VariableRecord) -> tuple[list[str], list[str]]:
    listed = {entry.did: entry for entry in islice(lake.list_files(record.did), _MOST_FILES + 1)}
    if len(listed) > _MOST_FILES:
        raise InvalidInput(
            f"It has more than {_MOST_FILES} files.",
            remedy=f"Link them into a folder instead: dlaas link {record.did} FOLDER",
        )
    found = {}
    for did, entry in listed.items():
        path = local_path(lake, did, entry.bytes)
        if path is not None:
            found[did] = path
    found |= _away(lake, [entry for did, entry in listed.items() if did not in found])
    return [found[did] for did in sorted(found)], [d.name for d in sorted(listed.keys() - found)]


def _away(lake: Lake, entries: list[Entry]) -> dict[DID, str]:
    """Answer where files that are not on the mount are read best; few calls for many files."""
    copies: dict[DID, list[Replica]] = {}
    for copy in list_copies(lake, [entry.did for entry in entries]) if entries else []:
        copies.setdefault(copy.did, []).append(copy)
    found = {}
    for one in entries:
        best = rank_file(lake, one.did, one.bytes, one.adler32, copies.get(one.did, [])).best
        if best is not None:
            found[one.did] = best.url
    return found


def _said(places: list[str], missing: list[str]) -> str:
    """Say of a variable what its strings do not."""
    said = ""
    if missing:
        named = ", ".join(missing[:3]) + (" and others" if len(missing) > 3 else "")
        said += f". NOT HERE: {named} cannot be read from here, make it available first"
    if any("://" in place for place in places):
        said += ". A URL is read with a login of your program's own"
    return said


def _python(record: Record) -> str:
    try:
        one = _parsed(record)
    except DlaasError as error:
        return f"# {' '.join(str(error).split())}"
    return _assignment(one.variableName, one.did, one.instance)


def _parsed(record: Record) -> VariableRecord:
    return parse(to_json(record) if isinstance(record, VariableRecord) else record)


def _assignment(name: str, did: str, instance: str | None) -> str:
    reference = str(Reference(DID(did), instance))
    return f"{name} = dlaas.did({json.dumps(reference, ensure_ascii=False)})"


def cells(record: VariableRecord, kernel: str, lake: Lake) -> list[Snippet]:
    """List the cells that are ready to be run with one variable, the plainest first.

    `kernel` is the language as the kernel names it. They are chosen by the end of the file's name,
    a collection's by its first file, of which the lake is asked. In a cell that needs the name
    itself, such as `uproot`, the variable is `uproot_2`. Raises `InvalidInput` for another
    language, or what is no name.
    """
    check_name(record.variableName)
    if kernel.strip().lower() == "python":
        return _python_cells(record, lake)
    to = _language(kernel)
    made = code(kernel, [record], lambda _: lake)
    found = [Snippet("The paths as strings", kernel, made)]
    known = next(one for name, one in OTHERS.items() if language(name) is to)
    for one in openers(known, _file_name(_item(record, lake))):
        body = one.one if record.type == "file" else one.many
        if body is not None:
            name, made_here = record.variableName, made
            if re.search(rf"\b{name}\b", f"{one.imports}\n{body.replace('{name}', '')}"):
                name = f"{name}_2"
                made_here = code(kernel, [replace(record, variableName=name)], lambda _: lake)
            called = body.format(name=to.name(name))
            text = "\n".join(filter(None, [one.imports, made_here, "", called]))
            found.append(Snippet(one.title, kernel, text))
    return found


def _python_cells(record: VariableRecord, lake: Lake) -> list[Snippet]:
    name, item = record.variableName, _item(record, lake)
    if name == "dlaas":
        name = "dlaas_2"
    folder = "folder_2" if name == "folder" else "folder"
    made = _assignment(name, item.did, record.instance)
    found = [Snippet("As a variable", "python", f"import dlaas\n\n{made}")]
    for one in openers(PYTHON, _file_name(item)):
        if record.type == "file" or one.many is not None:
            text = _opened(one, record.type == "file", name, item.did, record.instance)
            found.append(Snippet(one.title, "python", text))
    return [
        *found,
        Snippet(
            "Make it available, and wait for it",
            "python",
            f'import dlaas\n\n{made}\nprint({name}.make_available(lifetime="14d").note)\n'
            f"{name} = {name}.wait()",
        ),
        Snippet(
            "A folder of links to it, to work in",
            "python",
            f'import dlaas\n\n{made}\n{folder} = dlaas.workspace("{name}_folder", {name})',
        ),
    ]


def _item(record: VariableRecord, lake: Lake) -> SingleItemDID | MultipleItemDID:
    if record.type == "file":
        return SingleItemDID(record.did, record.instance, lake=lake, look=False)
    return MultipleItemDID(record.did, record.instance, lake=lake)


def cell(item: SingleItemDID | MultipleItemDID, name: str | None = None) -> str:
    """Write the cell that makes the variable `name` and opens it by what its file name says.

    A collection goes by its first file. Raises `InvalidInput` for what is no name.
    """
    name = suggest_name(item.did) if name is None else name
    check_name(name)
    usual = openers(PYTHON, _file_name(item))[0]
    return _opened(usual, isinstance(item, SingleItemDID), name, item.did, item.instance)


def _opened(opener: Opener, is_file: bool, name: str, did: DID, instance: str | None) -> str:
    """Write a cell of Python: its imports, the variable, and what opens it."""
    template = (opener.one if is_file else opener.many) or ""
    bound, used = _names(template)
    if name in bound:
        # A name of the cell's own must not take the variable's.
        template = re.sub(rf"(?<![.\w{{]){name}\b", f"{name}_", template)
    elif name in used:
        name = f"{name}_2"
    lines = {"import dlaas", *opener.imports.splitlines()}
    imports = "\n".join(sorted(lines, key=_import_order))
    return f"{imports}\n\n{_assignment(name, did, instance)}\n{template.format(name=name)}"


def _names(template: str) -> tuple[set[str], set[str]]:
    """List the names that code makes, and all that it uses, the library's among them."""
    found = [n for n in ast.walk(ast.parse(template.format(name="_"))) if isinstance(n, ast.Name)]
    bound = {name.id for name in found if isinstance(name.ctx, ast.Store)}
    return bound, {"dlaas", *(name.id for name in found)}


def suggest_name(did: str) -> str:
    """Make a name for a variable of a DID, as the panel does: its own, without its endings."""
    last = did.rpartition(":")[2].rstrip("/").rpartition("/")[2]
    stem = re.sub(r"(\.[A-Za-z]\w{0,7}){1,2}$", "", last) or last
    base = re.sub(r"[^A-Za-z0-9_]+|_{2,}", "_", stem).strip("_")[:40].rstrip("_")
    if not base or base[0].isdigit():
        base = f"data_{base}".rstrip("_")
    try:
        check_name(base)
    except InvalidInput:
        return f"{base}_2"
    return base


def _file_name(item: SingleItemDID | MultipleItemDID) -> str:
    """Answer the name that tells the type: of a collection its first file's."""
    if isinstance(item, SingleItemDID):
        return item.did.name
    try:
        return next((file.name for file in item), "")
    except DlaasError:
        # The cell is written all the same; it says more when it is run.
        return ""


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line
