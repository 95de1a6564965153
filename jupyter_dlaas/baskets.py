"""The shopping baskets of whoever uses this server: those of ESAP, and what was imported."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from traitlets import Float
from traitlets.config import LoggingConfigurable

from dlaas.basket import reading
from dlaas.basket.items import BasketItem, read_item
from dlaas.basket.removing import remove_from
from dlaas.basket.service import Esap
from dlaas.basket.tokens import Tokens
from dlaas.credentials import Token, token_from
from dlaas.errors import (
    CannotAuthenticate,
    DlaasError,
    InvalidInput,
    NotThere,
    problem,
)
from dlaas.model import BasketHost, BasketInfo, BasketRow, Problem
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.timed import TimedCalls

# In `ids`, before the number of the ESAP or this, stands what the item is.
_IMPORTED = "saved"
_MOST = 10_000


class Baskets(LoggingConfigurable):
    """What is in the baskets, as it was read last; lives on the event loop.

    A token that was typed is kept in memory until it is taken back, it has expired, ESAP refuses it
    or the server ends, and is sent to the ESAP for which it was typed alone.
    """

    answer_timeout = Float(
        150, min=0, help="How long ESAP may take to answer or change a basket, in seconds."
    ).tag(config=True)

    def __init__(
        self, hosts: Sequence[str], service: LakeService, file: Path, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.hosts = tuple(hosts)
        self._service = service
        self._file = file
        self._calls = TimedCalls("dlaas-esap", 4, "ESAP")
        self._typed: dict[str, str] = {}
        self._carts: dict[str | None, list[BasketItem]] = {}
        self._problems: dict[str, Problem] = {}
        self._places: dict[str, str] = {}
        # Two acts at once could undo each other's.
        self._lock = asyncio.Lock()

    async def info(self) -> BasketInfo:
        """Answer what is known; whoever was never asked, or not for want of a token, is asked."""
        async with self._lock:
            await self._open()
            await self._read([host for host in self.hosts if self._is_new(host)])
            return await self._told()

    def _is_new(self, host: str) -> bool:
        # Somebody may have logged in meanwhile.
        why = self._problems.get(host)
        return host not in self._carts or (why is not None and why.error == "LoginRequired")

    async def read(self, host: str | None, token: str | None) -> BasketInfo:
        """Read the baskets anew, or that of one ESAP, by a token that was typed for it.

        An empty token takes the typed one back. Raises `InvalidInput` for an ESAP that is not
        configured, and for a token of none, `LoginRequired` for what is no token.
        """
        if host is not None and host not in self.hosts:
            raise InvalidInput("This ESAP is not configured here.", remedy="Reload the page.")
        if token is not None:
            if host is None:
                raise InvalidInput("Say which ESAP the token is for.")
            self._type(host, token_from(token).value if token.strip() else None)
        hosts = self.hosts if host is None else (host,)
        async with self._lock:
            await self._open()
            await self._read(hosts)
            return await self._told()

    async def add(self, items: Iterable[BasketItem], warnings: Sequence[str] = ()) -> BasketInfo:
        """Add imported items; what is among them already stays once. Raises `InvalidInput`."""
        async with self._lock:
            await self._open()
            found = {item.id: item for item in [*self._carts[None], *items]}
            if len(found) > _MOST:
                raise InvalidInput(f"These are more than {_MOST} items.", remedy="Import less.")
            await self._keep(list(found.values()))
            return await self._told(warnings)

    async def use(self, ids: Sequence[str], instance: str | None) -> BasketInfo:
        """Say which lake items are of; raises `InstanceNotFound`."""
        if instance is not None:
            await self._service.check(instance)
        async with self._lock:
            for _, item in self.choose(ids):
                item.instance = instance
            if any(item.host is None for _, item in self.choose(ids)):
                await self._keep(self._carts[None])
            return await self._told()

    async def remove(self, ids: Sequence[str]) -> BasketInfo:
        """Remove items, also from ESAP; what others have put there meanwhile stays, and is told.

        Raises what `dlaas.basket.Basket.remove` does.
        """
        async with self._lock:
            wanted = [item for _, item in self.choose(ids)]
            warnings = []
            for host in dict.fromkeys(item.host for item in wanted):
                going = [item for item in wanted if item.host == host]
                if host is None:
                    gone = {item.id for item in going}
                    kept = [item for item in self._carts[None] if item.id not in gone]
                    await self._keep(kept)
                    continue
                warnings += await self._remove(host, going)
            return await self._told(warnings)

    def choose(self, ids: Sequence[str]) -> list[tuple[str, BasketItem]]:
        """Answer items by their ids; raises `InvalidInput` for one that is not there any more."""
        known = self._by_id()
        missing = [one for one in ids if one not in known]
        if missing or not ids:
            raise InvalidInput(
                "Some of these are not in the basket any more." if ids else "Nothing is chosen.",
                remedy="Read the basket again.",
            )
        return [(one, known[one]) for one in dict.fromkeys(ids)]

    def place(self, item: BasketItem) -> str:
        """Name the instance of an item; raises `InvalidInput` where it is not known."""
        if item.did is None:
            raise InvalidInput(f"{item.title!r} is not of a lake.")
        if item.instance is None:
            raise InvalidInput(
                f"No lake to which you are logged in knows the scope {item.did.scope!r}.",
                remedy="Choose its lake, or log in to it.",
            )
        return item.instance

    def stop(self) -> None:
        """Forget what was typed."""
        for host in list(self._typed):
            self._forget(host)
        self._calls.stop()

    async def _open(self) -> None:
        if None not in self._carts:
            self._carts[None] = await asyncio.to_thread(_saved, self._file)

    async def _keep(self, items: list[BasketItem]) -> None:
        await asyncio.to_thread(_save, self._file, items)
        self._carts[None] = items

    async def _read(self, hosts: Iterable[str]) -> None:
        await asyncio.gather(*map(self._read_one, hosts))

    async def _read_one(self, host: str) -> None:
        esap = Esap(host, await self._tokens(host))
        try:
            rows = await self._calls.run(self.answer_timeout, lambda: _items(esap))
        except DlaasError as error:
            if isinstance(error, CannotAuthenticate):
                self._forget(host)
                self._carts.pop(host, None)
            self._problems[host] = problem(error)
            # Whoever only looks does not ask again and again.
            self._carts.setdefault(host, [])
            return
        chosen = {item.id: item.instance for item in self._carts.get(host, ())}
        for item in rows:
            item.instance = item.instance or chosen.get(item.id)
        self._carts[host] = rows
        self._problems.pop(host, None)

    async def _remove(self, host: str, going: list[BasketItem]) -> list[str]:
        before = {item.id for item in self._carts[host]}
        esap = Esap(host, await self._tokens(host))
        try:
            await self._calls.run(self.answer_timeout, remove_from, esap, going)
        finally:
            await self._read_one(host)
        added = [item for item in self._carts[host] if item.id not in before]
        if not added:
            return []
        titles = ", ".join(item.title for item in added[:3])
        return [f"Meanwhile somebody else has put in: {titles}. That stays."]

    async def _tokens(self, host: str) -> Tokens:
        """Answer where the token for an ESAP is: typed, else of the hub, a file, the login here."""
        typed = self._typed.get(host)
        lake = None
        if typed is None:
            with suppress(DlaasError):
                lake = await self._service.default_lake()

        def login() -> Token | None:
            found = lake.credential() if lake is not None else None
            return Token(found.value, found.expires_at) if found and found.is_jwt else None

        return Tokens(typed, login=login)

    def _type(self, host: str, token: str | None) -> None:
        self._forget(host)
        if token is None:
            # What it has shown goes with it.
            self._carts.pop(host, None)
            return
        self._service.redactor.add(token)
        self._typed[host] = token

    def _forget(self, host: str) -> None:
        token = self._typed.pop(host, None)
        if token is not None:
            self._service.redactor.forget(token)

    def _by_id(self) -> dict[str, BasketItem]:
        marks: dict[str | None, str] = {host: str(n) for n, host in enumerate(self.hosts)}
        marks[None] = _IMPORTED
        return {
            f"{mark}-{item.id}": item
            for host, mark in marks.items()
            for item in self._carts.get(host, ())
        }

    async def _told(self, warnings: Sequence[str] = ()) -> BasketInfo:
        items = self._by_id()
        await self._guess(items.values())
        hosts = [BasketHost(h, self._problems.get(h), h in self._typed) for h in self.hosts]
        rows = [_row(name, item) for name, item in items.items()]
        return BasketInfo(tuple(hosts), tuple(rows), tuple(warnings))

    async def _guess(self, items: Iterable[BasketItem]) -> None:
        """Find the lakes of items by their scopes, among those to which somebody is logged in."""
        unknown = [item for item in items if item.did is not None and item.instance is None]
        scopes = {item.did.scope for item in unknown if item.did is not None}
        wanted = sorted(scopes - self._places.keys())
        for scope, found in zip(
            wanted, await asyncio.gather(*map(self._service.instance_of, wanted)), strict=True
        ):
            if found is not None:
                self._places[scope] = found
        for item in unknown:
            if item.did is not None:
                item.instance = self._places.get(item.did.scope)


def _items(esap: Esap) -> list[BasketItem]:
    return [read_item(row, esap.host) for row in esap.read().rows]


def _row(name: str, item: BasketItem) -> BasketRow:
    return BasketRow(
        name, item.archive, item.title, item.did, item.type, item.bytes,
        item.url, item.link, item.note, item.instance, item.host,
    )  # fmt: skip


def _saved(file: Path) -> list[BasketItem]:
    # None yet, or nothing in it.
    with suppress(NotThere, InvalidInput):
        return reading.read_file(file)
    return []


def _save(file: Path, items: list[BasketItem]) -> None:
    """Write what was imported, whole; raises `InvalidInput`, `DiskFull`."""
    if not items:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    reading.write_file(part, items)
    os.replace(part, file)
