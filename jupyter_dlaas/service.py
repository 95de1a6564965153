"""Calls to the lakes, off the event loop and with an end: one answer, or rows in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from traitlets import Float
from traitlets.config import LoggingConfigurable

from dlaas.errors import CannotAuthenticate, TookTooLong
from dlaas.lake import Lake
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.login.sessions import Sessions
from jupyter_dlaas.workers import Rows

T = TypeVar("T")

# The first rows are shown soon, the others in larger bites.
_FIRST = 0.2
_BATCH = 1000
_COLLECT = 0.5


class LakeService(LoggingConfigurable):
    """The library's synchronous calls for asynchronous callers."""

    answer_timeout = Float(
        60,
        min=0,
        help="How long Rucio may take for an answer, or for the next rows of one, in seconds.",
    ).tag(config=True)
    rule_timeout = Float(
        300, min=0, help="How long Rucio may take to make, change or delete a rule, in seconds."
    ).tag(config=True)

    def __init__(self, sessions: Sessions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._sessions = sessions

    async def open(self, instance: str) -> tuple[Session, Lake]:
        """Answer an instance's session and lake.

        Raises `InstanceNotFound`, `ConfigurationError`, `LoginRequired` or why the login failed.
        """
        session = await self._sessions.get(instance)
        return session, await session.lake()

    async def ask(self, instance: str, question: Callable[[Lake], T]) -> T:
        """Answer what the lake says; raises what the library raises, and `TookTooLong`."""
        session, lake = await self.open(instance)
        return await _guarded(session, lake, self.answer_timeout, question, lake)

    async def change(self, instance: str, act: Callable[[Lake], T]) -> T:
        """Do something to the lake; as `ask`, but what took too long may still happen."""
        session, lake = await self.open(instance)
        try:
            return await _guarded(session, lake, self.rule_timeout, act, lake)
        except TookTooLong as error:
            error.remedy = "It may still happen: look at the rules before you try again."
            raise

    async def rows(self, instance: str, make: Callable[[Lake], Iterator[T]]) -> Stream[T]:
        """Begin to read rows; the first request is sent by the first `Stream.next`."""
        session, lake = await self.open(instance)
        return Stream(session, lake, Rows(lambda: make(lake)), self.answer_timeout)


class Stream(Generic[T]):
    """Rows that arrive, the next when the last were taken: a slow reader slows Rucio down."""

    def __init__(self, session: Session, lake: Lake, rows: Rows[T], timeout: float) -> None:
        self._session = session
        self._lake = lake
        self._rows = rows
        self._timeout = timeout
        self._first = True

    async def next(self) -> list[T]:
        """Answer the next rows, none at the end; raises as `LakeService.ask` does."""
        seconds = _FIRST if self._first else _COLLECT
        self._first = False
        return await _guarded(
            self._session, self._lake, self._timeout, self._rows.take, _BATCH, seconds
        )

    def close(self) -> None:
        """Stop reading, now or as soon as Rucio's next row comes."""
        if not self._rows.closed:
            self._rows.closed = True
            self._session.forsake(self._rows.close)


async def _guarded(
    session: Session, lake: Lake, timeout: float, function: Callable[..., T], *args: Any
) -> T:
    try:
        return await session.run(timeout, function, *args)
    except CannotAuthenticate as error:
        # The library has tried a fresh token already.
        session.expire(lake, error)
        raise
