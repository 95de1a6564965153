"""Calls to the lakes, off the event loop and with an end: one answer, or rows in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from traitlets import Float
from traitlets.config import LoggingConfigurable

from dlaas.errors import CannotAuthenticate, TookTooLong
from dlaas.lake import Lake
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.login.sessions import Sessions
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.workers import Rows

if TYPE_CHECKING:
    from dlaas.opendata import OpenData

T = TypeVar("T")

# The first rows are shown soon, the others in larger bites.
_FIRST = 0.2
_BATCH = 1000
_COLLECT = 0.5
# Who types has gone on by then, in seconds.
_TYPING = 10.0


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
        self._open: dict[str, OpenData] = {}

    @property
    def redactor(self) -> Redactor:
        """What knows the secrets in use."""
        return self._sessions.redactor

    async def open(self, instance: str) -> tuple[Session, Lake]:
        """Answer an instance's session and lake.

        Raises `InstanceNotFound`, `ConfigurationError`, `LoginRequired` or why the login failed.
        """
        session = await self._sessions.get(instance)
        return session, await session.lake()

    async def ask(self, instance: str, question: Callable[[Lake], T]) -> T:
        """Answer what the lake says; raises what the library raises, and `TookTooLong`."""
        session, lake = await self.open(instance)
        return await _guarded(session, lake, session.run(self.answer_timeout, question, lake))

    async def suggest(self, instance: str, question: Callable[[Lake], T]) -> T:
        """Answer what helps somebody who types, who will not wait for long; as `ask`."""
        session, lake = await self.open(instance)
        return await _guarded(session, lake, session.suggest(_TYPING, question, lake))

    async def change(self, instance: str, act: Callable[[Lake], T]) -> T:
        """Do something to the lake; as `ask`, but what took too long may still happen."""
        session, lake = await self.open(instance)
        try:
            return await _guarded(session, lake, session.run(self.rule_timeout, act, lake))
        except TookTooLong as error:
            error.remedy = "It may still happen: look at the rules before you try again."
            raise

    async def check(self, instance: str) -> None:
        """Raise `InstanceNotFound` or `ConfigurationError` for what is no instance."""
        await self._sessions.get(instance)

    async def default_lake(self) -> Lake:
        """Answer the lake of the default instance; raises what `open` does."""
        infos = await self._sessions.infos(0)
        name = next((info.name for info in infos if info.default), "")
        return (await self.open(name))[1]

    async def instance_of(self, scope: str) -> str | None:
        """Name the instance that knows a scope: the only one, else one where somebody is logged in.

        Of several that know it the default one, else the one that is configured first.
        """
        infos = [info for info in await self._sessions.infos(0) if info.problem is None]
        if len(infos) == 1:
            return infos[0].name
        inside = [info for info in infos if info.login.state in ("logged_in", "expiring")]
        names = [info.name for info in sorted(inside, key=lambda info: not info.default)]
        asked = (self.ask(name, lambda lake: lake.knows_scope(scope)) for name in names)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return next((n for n, found in zip(names, answers, strict=True) if found is True), None)

    async def nobody(self, instance: str) -> OpenData:
        """Answer the public open data of an instance, for which nobody is logged in.

        Raises `InstanceNotFound`, `ConfigurationError`.
        """
        session = await self._sessions.get(instance)
        if instance not in self._open:
            from dlaas.opendata import OpenData

            self._open[instance] = OpenData(session.instance)
        return self._open[instance]

    async def ask_open(self, instance: str, question: Callable[[OpenData], T]) -> T:
        """Answer what the open data says; raises what the library raises, and `TookTooLong`."""
        opened = await self.nobody(instance)
        session = await self._sessions.get(instance)
        # Rucio looks up the copies of each file by itself.
        return await session.run(self.rule_timeout, question, opened)

    async def open_rows(self, instance: str, make: Callable[[OpenData], Iterator[T]]) -> Stream[T]:
        """Begin to read rows of open data, as `rows` does."""
        opened = await self.nobody(instance)
        session = await self._sessions.get(instance)
        return Stream(session, None, Rows(lambda: make(opened)), self.answer_timeout)

    async def rows(self, instance: str, make: Callable[[Lake], Iterator[T]]) -> Stream[T]:
        """Begin to read rows; the first request is sent by the first `Stream.next`."""
        session, lake = await self.open(instance)
        return Stream(session, lake, Rows(lambda: make(lake)), self.answer_timeout)


class Stream(Generic[T]):
    """Rows that arrive, the next when the last were taken: a slow reader slows Rucio down."""

    def __init__(self, session: Session, lake: Lake | None, rows: Rows[T], timeout: float) -> None:
        self._session = session
        self._lake = lake
        self._rows = rows
        self._timeout = timeout
        self._first = True

    async def next(self) -> list[T]:
        """Answer the next rows, none at the end; raises as `LakeService.ask` does."""
        seconds = _FIRST if self._first else _COLLECT
        self._first = False
        rows = self._session.run(self._timeout, self._rows.take, _BATCH, seconds)
        return await _guarded(self._session, self._lake, rows)

    def close(self) -> None:
        """Stop reading, now or as soon as Rucio's next row comes."""
        if not self._rows.closed:
            self._rows.closed = True
            self._session.forsake(self._rows.close)


async def _guarded(session: Session, lake: Lake | None, call: Awaitable[T]) -> T:
    try:
        return await call
    except CannotAuthenticate as error:
        if lake is not None:
            # The library has tried a fresh token already.
            session.expire(lake, error)
        raise
