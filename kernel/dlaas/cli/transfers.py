"""Bring data here, write results back: `get`, `put`."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.cli.each import each
from dlaas.cli.exits import DONE, code_of, code_of_all
from dlaas.cli.output import answer, remark, say, sized, tell
from dlaas.cli.parser import Commands, add_lifetime
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session

if TYPE_CHECKING:
    from dlaas.transfer.download import Downloaded


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
    put = commands.add(
        "put",
        _put,
        "upload files, verified, and keep them",
        "dlaas put histos.root user.alice:histos-v1 --dataset user.alice:results --lifetime 90d",
    )
    put.usage = "dlaas put FILE SCOPE:NAME | FILE… --scope SCOPE  [options]"
    put.add_argument(
        "files", nargs="+", metavar="FILE", help="and the DID, where there is one file"
    )
    put.add_argument("--scope", help="for several files: each keeps its name, in this scope")
    put.add_argument("--dataset", metavar="DID", help="attach them to it; it is made if need be")
    put.add_argument("--rse", help="where to, else where the instance says")
    add_lifetime(put, "how long they are kept")


def _get(arguments: argparse.Namespace) -> int:
    session = Session(arguments)
    return each(arguments, arguments.dids, lambda text: _download(arguments, session, text))


def _download(arguments: argparse.Namespace, session: Session, text: str) -> int:
    lake, did = session.resolve(text)
    progress = Progress(did.name, quiet=arguments.quiet)
    try:
        found = lake.download(
            did, arguments.output, progress=progress, overwrite=arguments.overwrite
        )
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
    plan = _plan(arguments.files, arguments.scope)
    session = Session(arguments)
    return each(arguments, list(plan), lambda file: _upload(arguments, session, file, plan[file]))


def _plan(files: list[str], scope: str | None) -> dict[str, str]:
    """Say which file gets which DID; raises `InvalidInput` before anything is sent."""
    from dlaas.errors import InvalidInput

    if scope is None:
        if len(files) != 2:
            raise InvalidInput(
                "One file and its DID are wanted: dlaas put FILE SCOPE:NAME.",
                remedy="For several files give --scope SCOPE: each keeps its name.",
            )
        return {files[0]: files[1]}
    names = Counter(Path(file).name for file in files)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise InvalidInput(f"Several files would have the same name: {', '.join(twice)}.")
    return {file: f"{scope.removesuffix(':')}:{Path(file).name}" for file in files}


def _upload(arguments: argparse.Namespace, session: Session, file: str, name: str) -> int:
    lake, did = session.resolve(name)
    progress = Progress(file, quiet=arguments.quiet)
    options = {key: getattr(arguments, key) for key in ("dataset", "lifetime", "until", "rse")}
    try:
        found = lake.upload(file, did, progress=progress, **options)
    finally:
        progress.end()
    answer(arguments, [found], lambda _: say(found.did))
    came = "came to" if found.new else "was already on"
    remark(arguments, f"{file} {came} {found.rse}, {sized(found.bytes)}")
    return DONE
