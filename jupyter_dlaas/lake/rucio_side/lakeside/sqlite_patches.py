"""What Rucio 41.5.1 lacks to be used by several clients at once on SQLite.

Rucio supports SQLite for a single client only. These run-time patches are the whole difference
between the lake and a production server; on PostgreSQL none of them is applied.

- transactions: Rucio begins deferred transactions and upgrades them at the first write; SQLite
  refuses the upgrade at once ("database is locked") if anybody wrote meanwhile, whatever the
  timeout. So write sessions take the write lock when they begin, and wait for it.
- cache: without a memcached every RSE attribute and configuration option is a query. A cache in the
  process, of seconds, replaces it; a memcached of somebody else is never asked.
- expressions: SQLite parses at most 1,000 levels; Rucio asks for 1,000 files as one chain of ORs.
  The chain is written as a tree.
- distance: replicas are sorted by a GeoIP database that nobody has here: each tried to download it.
- metadata: Rucio believes that SQLite has no JSON and refuses custom metadata; that of open data it
  hands over as a dictionary, which SQLite does not take.

`verify()` proves each of them at start: an upgrade of Rucio that moved an internal fails loudly.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from dogpile.cache.region import CacheRegion
from sqlalchemy import JSON, Column, Integer, MetaData, Table, event, or_, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.operators import or_ as or_operator

CACHE_SECONDS = 5
BUSY_MILLISECONDS = 60_000
OR_LEAVES = 100
SAME_DISTANCE = 360_000

_reading: ContextVar[bool] = ContextVar("reading", default=False)


def apply() -> None:
    """Apply all patches, in this order: Rucio's modules copy names when they are imported."""
    _patch_cache()
    _patch_transactions()
    _patch_expressions()
    _patch_metadata()
    _patch_distance()


def _patch_cache() -> None:
    from rucio.common import cache

    def configure(region: Any, expiration_time: int, memcached_expire_time: int | None) -> None:
        seconds = min(expiration_time, CACHE_SECONDS)
        region.configure("dogpile.cache.memory_pickle", expiration_time=seconds)

    def get(region: Any, key: Any, expiration_time: float | None = None, **kwargs: Any) -> Any:
        # Some callers look further back than a region's own time; here nothing is older than
        # seconds.
        seconds = min(expiration_time or CACHE_SECONDS, CACHE_SECONDS)
        return CacheRegion.get(region, key, expiration_time=seconds, **kwargs)

    cache.MemcacheRegion._configure_region = configure
    cache.MemcacheRegion.get = get


def _patch_transactions() -> None:
    from rucio.db.sqla import session

    engine = session.get_engine()
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    session.read_session = _marked(session, session.read_session, reading=True)
    session.transactional_session = _marked(session, session.transactional_session, reading=False)
    session.stream_session = _marked_stream(session, session.stream_session)
    session.db_session = _marked_block(session.db_session)


def _prepare_connection(connection: Any, record: Any) -> None:
    # The driver must not begin transactions of its own: _begin does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")


@contextmanager
def _as(reading: bool) -> Iterator[None]:
    token = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(token)


def _marked(session_module: Any, decorator: Callable[..., Any], reading: bool) -> Any:
    def decorate(function: Callable[..., Any]) -> Any:
        wrapped = decorator(function)

        def call(*args: Any, session: Any = None, **kwargs: Any) -> Any:
            if session:
                return wrapped(*args, session=session, **kwargs)
            with _as(reading):
                return wrapped(*args, session=None, **kwargs)

        return session_module._update_session_wrapper(call, function)

    return functools.wraps(decorator)(decorate)


def _marked_stream(session_module: Any, decorator: Callable[..., Any]) -> Any:
    def decorate(function: Callable[..., Any]) -> Any:
        wrapped = decorator(function)

        def call(*args: Any, session: Any = None, **kwargs: Any) -> Iterator[Any]:
            rows = wrapped(*args, session=session, **kwargs)
            end = object()
            try:
                while True:
                    # Marked for each step alone: between two steps the thread is the caller's.
                    with _as(_reading.get() if session else True):
                        row = next(rows, end)
                    if row is end:
                        return
                    yield row
            finally:
                rows.close()

        return session_module._update_session_wrapper(call, function)

    return functools.wraps(decorator)(decorate)


def _marked_block(db_session: Callable[..., Any]) -> Any:
    from rucio.db.sqla.constants import DatabaseOperationType

    @contextmanager
    def block(operation: Any) -> Iterator[Any]:
        with _as(operation is DatabaseOperationType.READ), db_session(operation) as session:
            yield session

    return block


def _patch_expressions() -> None:
    compiles(BooleanClauseList, "sqlite")(_compile_as_tree)


def _compile_as_tree(element: Any, compiler: Any, **kwargs: Any) -> str:
    clauses = list(element.clauses)
    if element.operator is not or_operator or len(clauses) <= OR_LEAVES:
        return str(compiler.visit_clauselist(element, **kwargs))
    # Rendered piece by piece, as SQLAlchemy would melt nested ORs into one chain again.
    pieces = [
        " OR ".join(
            compiler.process(clause, **kwargs) for clause in clauses[start : start + OR_LEAVES]
        )
        for start in range(0, len(clauses), OR_LEAVES)
    ]
    while len(pieces) > OR_LEAVES:
        pieces = [
            " OR ".join(f"({piece})" for piece in pieces[start : start + OR_LEAVES])
            for start in range(0, len(pieces), OR_LEAVES)
        ]
    return " OR ".join(f"({piece})" for piece in pieces)


def _patch_metadata() -> None:
    from rucio.db.sqla import models, util

    def json_implemented(*, session: Any = None) -> bool:
        return True

    util.json_implemented = json_implemented
    # The others are written as texts by those who use them.
    vars(models.OpenDataMeta)["__table__"].c.meta.type = JSON()


def _patch_distance() -> None:
    from rucio.core import replica_sorter

    def distance(se1: str, client_location: Any, ignore_error: bool) -> float:
        return SAME_DISTANCE

    vars(replica_sorter)["__get_distance"] = distance


class PatchFailed(SystemExit):
    """Rucio's internals are not those that a patch was written for."""

    def __init__(self, patch: str, problem: str) -> None:
        super().__init__(
            f"The SQLite patch '{patch}' does not fit the installed Rucio: {problem}. "
            "This is an error of the lake, not yours; PostgreSQL (--db postgresql) needs no patch."
        )


def verify() -> None:
    """Prove every patch on this Rucio; raises PatchFailed naming the one that does not hold."""
    _verify_transactions()
    _verify_expressions()
    _verify_names()


def _verify_transactions() -> None:
    from rucio.db.sqla import session as rucio_session
    from rucio.db.sqla.constants import DatabaseOperationType
    from sqlalchemy import text

    statements: list[str] = []
    engine = rucio_session.get_engine()

    def record(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    def touch(*, session: Any) -> None:
        session.execute(text("select 1"))

    def rows(*, session: Any) -> Iterator[int]:
        yield session.execute(text("select 1")).scalar()

    event.listen(engine, "before_cursor_execute", record)
    try:
        rucio_session.read_session(touch)()
        rucio_session.transactional_session(touch)()
        list(rucio_session.stream_session(rows)())
        for operation in (DatabaseOperationType.READ, DatabaseOperationType.WRITE):
            with rucio_session.db_session(operation) as session:
                touch(session=session)
    finally:
        event.remove(engine, "before_cursor_execute", record)
    begun = [statement for statement in statements if statement.startswith("BEGIN")]
    wanted = ["BEGIN", "BEGIN IMMEDIATE", "BEGIN", "BEGIN", "BEGIN IMMEDIATE"]
    if begun != wanted:
        raise PatchFailed("transactions", f"sessions begin as {begun}, not as {wanted}")


def _verify_expressions() -> None:
    column = Table("t", MetaData(), Column("c", Integer)).c.c
    query = select(column).where(or_(*(column == number for number in range(2000))))
    compiled = str(query.compile(dialect=sqlite.dialect()))
    if compiled.count(") OR (") != 2000 // OR_LEAVES - 1:
        raise PatchFailed("expressions", "a chain of 2,000 ORs is not written as a tree")


def _verify_names() -> None:
    import inspect

    from rucio.common.cache import MemcacheRegion
    from rucio.core import replica_sorter
    from rucio.core.did_meta_plugins import json_meta
    from rucio.db.sqla import models

    backend = type(MemcacheRegion(expiration_time=60).actual_backend).__name__
    if backend != "MemoryPickleBackend":
        raise PatchFailed("cache", f"regions use {backend}")
    if not json_meta.json_implemented():
        raise PatchFailed("metadata", "json_meta does not use our json_implemented")
    if type(select(models.OpenDataMeta.meta).selected_columns.meta.type) is not JSON:
        raise PatchFailed("metadata", "open data's is not kept as our type")
    if "__get_distance(" not in inspect.getsource(replica_sorter.sort_geoip):
        raise PatchFailed("distance", "sort_geoip no longer asks __get_distance")
