"""Bring data here, write results back: `get`, `put`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaas.cli.each import each
from dlaas.cli.exits import DONE, code_of, code_of_all
from dlaas.cli.output import answer, finish, note, remark, say, say_json, sized, tell
from dlaas.cli.parser import Commands, add_lifetime
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from dlaas.background import Transfer
    from dlaas.lake import Lake
    from dlaas.transfer.download import Downloaded
    from dlaas.transfer.report import Report
    from dlaas.transfer.upload.sources import Sources

_NAMED = 10


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    get = commands.add(
        "get",
        _get,
        "download files, verified; called again it goes on where it stopped",
        "dlaas get ATLAS_OD_EDU:GamGam_data -o data",
    )
    get.add_argument("dids", nargs="+", metavar="DID")
    get.add_argument(
        "-o", "--output", metavar="FOLDER", help="without it into the cache; the paths are printed"
    )
    get.add_argument(
        "--overwrite", action="store_true", help="replace other files that have these names"
    )
    _add_background(get)
    put = commands.add(
        "put",
        _put,
        "upload files or folders, verified, and keep them",
        "dlaas put histos.root user.alice:histos-v1 --lifetime 90d\n"
        "  dlaas put out/ 'plots/*.png' --scope user.alice --dataset user.alice:results",
    )
    put.usage = "dlaas put FILE SCOPE:NAME | FILE|FOLDER|GLOB… --scope SCOPE  [options]"
    put.add_argument(
        "files", nargs="+", metavar="FILE", help="and the DID, where there is one file"
    )
    put.add_argument(
        "--scope", help="for several files: each has its name there, those of a folder below it"
    )
    put.add_argument("--base", metavar="FOLDER", help="name the files by their paths below it")
    put.add_argument("--dataset", metavar="DID", help="attach them to it; it is made if need be")
    put.add_argument(
        "--rse", action="append", help="where to, else where the instance says; others get copies"
    )
    put.add_argument(
        "--rule", action="append", default=[], metavar="RSES", help="keep copies there as well"
    )
    put.add_argument(
        "--duplicates",
        choices=("fail", "skip", "rename", "version"),
        default="fail",
        help="what becomes of a file whose name other contents have; with the same it is done",
    )
    add_lifetime(put, "how long they are kept")
    _add_background(put)


def _add_background(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--background",
        action="store_true",
        help="let the Jupyter server of this terminal do it; the panel shows how far it is",
    )


def _get(arguments: argparse.Namespace) -> int:
    session = Session(arguments)
    return each(arguments, arguments.dids, lambda text: _download(arguments, session, text))


def _download(arguments: argparse.Namespace, session: Session, text: str) -> int:
    lake, did = session.resolve(text)
    if arguments.background:
        overwrite = arguments.overwrite
        given = lake.download(did, arguments.output, overwrite=overwrite, background=True)
        return _handed_over(arguments, given)
    return bring(arguments, did.name, partial(lake.download, did))


def bring(arguments: argparse.Namespace, title: str, download: Callable[..., Downloaded]) -> int:
    """Carry out a download with the options of `get`, say what came, and answer the exit code."""
    progress = Progress(title, quiet=arguments.quiet)
    try:
        found = download(arguments.output, progress=progress, overwrite=arguments.overwrite)
    finally:
        progress.end()
    answer(arguments, [found], lambda _: _print(arguments, found))
    codes = [code_of(failure.problem) for failure in found.failures]
    return code_of_all([*codes, *([DONE] if found.fetched + found.kept else [])])


def _print(arguments: argparse.Namespace, found: Downloaded) -> None:
    for path in found.paths:
        say(path)
    for failure in found.failures:
        tell(failure.problem, name=str(failure.did))
    remark(arguments, _sum(found))


def _sum(found: Downloaded) -> str:
    kept = f", {found.kept} here already" if found.kept else ""
    failed = f", {found.failed} failed" if found.failed else ""
    came = f"{found.fetched} file{'' if found.fetched == 1 else 's'} came{kept}{failed}"
    # The paths tell where, unless they are too many; what is mounted here stays where it is.
    where = "" if found.paths else f" in {found.folder}"
    return f"{found.did}: {came}; {sized(found.bytes)}{where}"


def _put(arguments: argparse.Namespace) -> int:
    session, named = Session(arguments), arguments.files
    if arguments.scope is not None or arguments.base is not None:
        return _upload_many(arguments, session)
    if len(named) != 2:
        from dlaas.errors import InvalidInput

        raise InvalidInput(
            "One file and its DID are wanted: dlaas put FILE SCOPE:NAME.",
            remedy="For several files give --scope SCOPE: each keeps its name.",
        )
    return each(arguments, named[:1], lambda file: _upload(arguments, session, file, named[1]))


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Gather how files are to be kept, as the library calls it."""
    options = {key: getattr(arguments, key) for key in ("dataset", "lifetime", "until")}
    return {
        **options,
        "rses": arguments.rse,
        "rules": arguments.rule,
        "duplicates": arguments.duplicates,
    }


def _upload(arguments: argparse.Namespace, session: Session, file: str, name: str) -> int:
    lake, did = session.resolve(name)
    options = _options(arguments)
    several = options["rules"] or options["duplicates"] != "fail" or len(options["rses"] or ()) > 1
    if several or arguments.background:
        return _sent(arguments, lake, {file: did}, None, options)
    progress = Progress(file, quiet=arguments.quiet)
    rse = (options.pop("rses") or [None])[0]
    kept = {key: options[key] for key in ("dataset", "lifetime", "until")}
    try:
        found = lake.upload(file, did, progress=progress, rse=rse, **kept)
    finally:
        progress.end()
    answer(arguments, [found], lambda _: say(found.did))
    came = "came to" if found.new else "was already on"
    remark(arguments, f"{file} {came} {found.rse}, {sized(found.bytes)}")
    return DONE


def _upload_many(arguments: argparse.Namespace, session: Session) -> int:
    options = {**_options(arguments), "base": arguments.base}
    return _sent(arguments, session.lake(), arguments.files, arguments.scope, options)


def _sent(
    arguments: argparse.Namespace,
    lake: Lake,
    files: Sources,
    scope: str | None,
    options: dict[str, Any],
) -> int:
    if arguments.background:
        given = lake.upload_many(files, scope, background=True, **options)
        return _handed_over(arguments, given)
    progress = Progress("upload", quiet=arguments.quiet)
    try:
        found = lake.upload_many(files, scope, progress=progress, **options)
    finally:
        progress.end()
    if arguments.json:
        for row in found.rows:
            say_json(row)
        say_json({"report": replace(found, rows=())})
    else:
        _show(arguments, found)
    problems = [row.problem for row in found.failures if row.problem is not None]
    there = len(found.rows) - len(problems)
    return code_of_all([*map(code_of, problems), *([DONE] if there else [])])


def _handed_over(arguments: argparse.Namespace, given: Transfer) -> int:
    answer(arguments, [given.job], lambda _: say(given.id))
    remark(arguments, "The Jupyter server has it; the panel shows how far it is.")
    return DONE


def _show(arguments: argparse.Namespace, found: Report) -> None:
    for row in found.rows:
        if row.problem is not None:
            tell(row.problem, name=row.path)
            continue
        say(row.did)
        if row.outcome == "renamed":
            remark(arguments, f"{row.path} is {row.did}")
    finish()
    if found.failed:
        names = ", ".join(row.path for row in found.failures[:_NAMED])
        more = ", …" if found.failed > _NAMED else ""
        note(f"{found.failed} of {len(found.rows)} failed: {names}{more}")
    remark(arguments, str(found).partition("\n")[0])
