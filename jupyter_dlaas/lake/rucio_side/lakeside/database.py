"""What Rucio needs to run on the lake's database: nothing on PostgreSQL, `sqlite_patches` on
SQLite.
"""

from __future__ import annotations

from .layout import Layout, State

RUCIO_VERSION = "41.5.1"


def adapt(state: State) -> None:
    """Make Rucio fit for this lake's database; call it before any other import of Rucio.

    Raises SystemExit when another Rucio is installed than the one that the lake was written for.
    """
    from rucio.vcsversion import VERSION

    if VERSION != RUCIO_VERSION:
        raise SystemExit(f"The lake was written for Rucio {RUCIO_VERSION}; this is {VERSION}")
    if state.db == "sqlite":
        from . import sqlite_patches

        sqlite_patches.apply()
        sqlite_patches.verify()


def url(layout: Layout, state: State) -> str:
    """The SQLAlchemy URL of the lake's database."""
    if state.db == "sqlite":
        return f"sqlite:///{layout.db / 'rucio.db'}?timeout=60"
    from .postgres import socket_directory

    return f"postgresql+psycopg://rucio@/rucio?host={socket_directory(layout)}"
