"""What is on this machine, looked at off the event loop: the caches, and what the doctor finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from dlaas import cache_use
from dlaas.config import Instance
from dlaas.errors import DlaasError, InstanceNotFound
from dlaas.model import CacheUse, Check, Cleaned
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.login.sessions import Sessions
from jupyter_dlaas.timed import TimedCalls
from jupyter_dlaas.workers import Rows

if TYPE_CHECKING:
    from dlaas.credentials import Credential

T = TypeVar("T")

# A cache of a million files on a network disk takes its time.
_LOOK = 60.0
_CLEAN = 600.0
_BATCH = 100


class Here:
    """Answers for all instances of this server together."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._calls = TimedCalls("dlaas-here", 3, "This machine")

    async def cache(self) -> list[CacheUse]:
        """Answer what each cache holds; raises `TookTooLong`."""
        known = await self._instances()
        return await self._calls.run(_LOOK, cache_use.use, known)

    async def clean(self, older_than: str | None, instance: str | None, did: str | None) -> Cleaned:
        """Clean the caches; raises `InvalidLifetime`, `InvalidDID`, `TookTooLong`."""
        known = await self._instances()
        return await self._calls.run(_CLEAN, cache_use.clean, known, older_than, instance, did)

    async def checks(
        self, about: str | None, lines: Callable[[Iterator[Check]], Iterator[T]]
    ) -> LocalStream[T]:
        """Begin to look at this machine and its instances, or at one; raises `InstanceNotFound`.

        `lines` makes of the checks what is to be read, on a worker.
        """
        sessions = [
            session
            for session in await self._sessions.known()
            if about in (None, session.instance.name)
        ]
        wrong = {
            name: why
            for name, why in (await self._sessions.wrong()).items()
            if about in (None, name)
        }
        if about is not None and not sessions and not wrong:
            raise InstanceNotFound(f"There is no instance {about!r}.")
        known = [(session.instance, await _credential(session)) for session in sessions]

        def make() -> Iterator[T]:
            # What it needs takes 0.1 s to import, and few ask.
            from dlaas.doctor import diagnose_logins

            return lines(diagnose_logins(known, wrong))

        return LocalStream(Rows(make), self._calls)

    def stop(self) -> None:
        """Let the threads end; waits for nothing."""
        self._calls.stop()

    async def _instances(self) -> list[Instance]:
        return [session.instance for session in await self._sessions.known()]


async def _credential(session: Session) -> Credential | None:
    # Nobody waits for a login that has only begun.
    if session.login.state in ("logged_in", "expiring"):
        with suppress(DlaasError):
            return (await session.lake()).credential
    return None


class LocalStream(Generic[T]):
    """Rows that are made on this machine, as `service.Stream` gives those of a lake."""

    def __init__(self, rows: Rows[T], calls: TimedCalls) -> None:
        self._rows = rows
        self._calls = calls

    async def next(self) -> list[T]:
        """Answer the next rows, none at the end."""
        return await self._calls.run(_LOOK, self._rows.take, _BATCH, 0.0)

    def close(self) -> None:
        """Stop, now or as soon as the next row comes."""
        if not self._rows.closed:
            self._rows.closed = True
            self._calls.forsake(self._rows.close)
