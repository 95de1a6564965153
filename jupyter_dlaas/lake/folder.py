"""The folder of a lake: who may make it, what in it is the lake's, and which ports it has."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .environment import Log, locked
from .errors import LakeError
from .processes import free_ports, port_is_free
from .rucio_side.lakeside.layout import Layout, State

OURS = ("etc", "db", "pki", "clients", "storage", "mount", "logs", "run", "state.json", "lock")


def default_directory() -> Path:
    """Where the lake lies unless told otherwise: `$XDG_DATA_HOME/jupyter-dlaas/lake`."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "jupyter-dlaas" / "lake"


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Make the folder if need be, and be the only one who changes whether its lake is up.

    Raises LakeError when the folder cannot be the lake's.
    """
    try:
        _claim(layout)
    except OSError as error:
        raise LakeError(
            f"The lake cannot be kept in {layout.directory}: {error.strerror}. Use another --dir."
        ) from error
    with locked(layout.directory / "lock", wait=True):
        yield


def _claim(layout: Layout) -> None:
    directory = layout.directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    foreign = any(path.name not in OURS for path in directory.iterdir())
    if foreign and not layout.state_file.exists():
        raise LakeError(f"{directory} holds other things than a lake; use another --dir.")
    directory.chmod(0o700)
    for folder in (layout.run, layout.logs):
        folder.mkdir(mode=0o700, exist_ok=True)


def give_ports(layout: Layout, state: State, port: int, log: Log) -> State:
    """Give every service a free port, its own if it still is; LakeError if `port` is not."""
    wanted = dict(state.ports)
    if port:
        wanted["rucio"] = port
        if not port_is_free(port):
            raise LakeError(
                f"Port {port} is taken by another program. Choose another --port, or none at all."
            )
    taken = [
        name for name in state.listening if not (name in wanted and port_is_free(wanted[name]))
    ]
    for name in taken:
        if name in wanted:
            log(f"Port {wanted[name]} of {name} is taken by another program; another is used")
    wanted.update(zip(taken, free_ports(len(taken)), strict=True))
    chosen = replace(state, ports=wanted)
    layout.save(chosen)
    return chosen


def delete(path: Path) -> None:
    """Delete a file or a folder, read-only ones too."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(path)
