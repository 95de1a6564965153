"""The basket: what was chosen in ESAP or is read from a file, made available, fetched, attached."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dlaas.basket import reading
from dlaas.basket.items import BasketItem, choose, read_item
from dlaas.basket.places import Places
from dlaas.basket.results import Fetched, Staged
from dlaas.basket.service import Esap, hosts_from
from dlaas.basket.tokens import Ask, Tokens
from dlaas.errors import DlaasError, InvalidInput, problem
from dlaas.lifetime import Lifetime, Until
from dlaas.model import Problem

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.variables import MultipleItemDID, SingleItemDID

Which = BasketItem | str | Iterable[BasketItem | str] | None


class Basket:
    """The shopping baskets of one or several ESAPs, or one that was saved.

    `hosts` are addresses as the browser shows them, else `DLAAS_ESAP_HOSTS` names them. The token
    is `token`, the first line of `token_file`, else that of the hub, of `RUCIO_OIDC_FILE_NAME`, or
    the login to the lake; else `ask`, such as `getpass.getpass`, is called whenever one is needed.
    The same token goes to each host, and to nobody else. `instance` or `lake` says which lake the
    DIDs are of; without it that is found by their scopes. With `items` no ESAP is asked.

    `problems` says of each host that could not be read why; where none can, its error is raised.
    """

    def __init__(
        self,
        hosts: str | Iterable[str] | None = None,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        ask: Ask | None = None,
        instance: str | None = None,
        lake: Lake | None = None,
        items: Iterable[BasketItem] | None = None,
    ) -> None:
        self.hosts = () if items is not None and hosts is None else hosts_from(hosts)
        self.problems: dict[str, Problem] = {}
        self.warnings: tuple[str, ...] = ()
        self._tokens = Tokens(token, token_file, ask)
        self._places = Places(instance, lake)
        self._items = None if items is None else list(items)
        if self._items is None and not self.hosts:
            raise InvalidInput(
                "No ESAP is named.",
                remedy="Give its address, as the browser shows it, or set DLAAS_ESAP_HOSTS.",
            )

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **options: Any) -> Basket:
        """Read a basket that was saved: ESAP's own answer, JSON, a CSV, or a list of DIDs.

        `warnings` says when the file holds logins. Raises `NotThere`, and `InvalidInput` where a
        line makes no sense.
        """
        found = cls(items=reading.read_file(path), **options)
        if reading.holds_secrets(path):
            found.warnings = (f"{path} holds your logins to ESAP: delete it.",)
        return found

    @classmethod
    def from_text(cls, text: str, **options: Any) -> Basket:
        """Read a basket that was pasted: DIDs and addresses, JSON, or a table with a first line."""
        return cls(items=reading.read_text(text), **options)

    def __reduce__(self) -> tuple[Any, ...]:
        # What travels holds neither a token nor what asks for one.
        return (_unpickled, (self.hosts, self._items, self._places.chosen))

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[BasketItem]:
        return iter(self.items)

    def __getitem__(self, index: int) -> BasketItem:
        return self.items[index]

    def __repr__(self) -> str:
        known = "" if self._items is None else f", {len(self._items)} items"
        return f"Basket({', '.join(map(repr, self.hosts))}{known})"

    def _repr_html_(self) -> str:
        from dlaas.basket.showing import as_html, as_text

        try:
            return as_html(self.items)
        except DlaasError as error:
            # What is only looked at never fails.
            return as_text(f"{self!r}: {error}")

    @property
    def items(self) -> list[BasketItem]:
        """What is in it; ESAP is asked when it is looked at first."""
        if self._items is None:
            self.refresh()
        return list(self._items or ())

    def refresh(self) -> Basket:
        """Read it anew, and answer it; raises `CannotAuthenticate` where ESAP does not know you.

        An instance that was chosen for an item stays, and what was imported does too.
        """
        chosen = {(item.host, item.id): item.instance for item in self._items or ()}
        items = [item for item in self._items or () if item.host is None]
        errors: dict[str, DlaasError] = {}
        for host in self.hosts:
            try:
                items += [read_item(row, host) for row in Esap(host, self._tokens).read().rows]
            except DlaasError as error:
                errors[host] = error
        if errors and len(errors) == len(self.hosts):
            raise next(iter(errors.values()))
        for item in items:
            item.instance = item.instance or chosen.get((item.host, item.id))
        self.problems = {host: problem(error) for host, error in errors.items()}
        self._items = items
        return self

    def use(self, instance: str | None, items: Which = None) -> None:
        """Say which lake items are of, without them all; None lets it be found by their scopes."""
        if items is None:
            self._places.chosen = instance
        for item in choose(self.items, items):
            item.instance = instance

    def lake_of(self, item: BasketItem) -> Lake:
        """Answer the lake of an item, and note its instance; raises `InstanceNotFound`."""
        if item.did is None:
            raise InvalidInput(f"{item.title!r} is not of a lake.")
        if item.instance is None:
            item.instance = self._places.guess(item.did.scope)
        return self._places.lake(item.instance)

    def stage(
        self,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        *,
        items: Which = None,
        **options: Any,
    ) -> list[Staged]:
        """Have the items that are of a lake made available; see `Lake.make_available`.

        What cannot be is told in its place and hides no other; a lifetime that makes no sense
        raises `InvalidLifetime` before anything is asked.
        """
        from dlaas.lifetime import seconds

        seconds(lifetime, until)
        staged = []
        for item in self._of_lakes(items):
            try:
                granted = self.lake_of(item).make_available(
                    str(item.did), lifetime, until, **options
                )
                staged.append(Staged(item, granted))
            except DlaasError as error:
                staged.append(Staged(item, problem=problem(error)))
        return staged

    def download(
        self,
        folder: str | os.PathLike[str],
        *,
        items: Which = None,
        max_bytes: int | None = None,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fetched]:
        """Download items into a folder: those of a lake verified, others by https.

        `max_bytes` bounds each file of the others, to 10 GB unless told. What is there already is
        not fetched again. What cannot be had is told in its place and hides no other; `progress`
        hears the bytes of one item after the other. Raises `Cancelled`.
        """
        from dlaas.basket.getting import get

        return list(
            get(
                self,
                choose(self.items, items),
                folder,
                max_bytes=max_bytes,
                overwrite=overwrite,
                progress=progress,
                cancelled=cancelled,
            )
        )

    def attach(
        self, names: Mapping[str, str] | None = None, *, items: Which = None
    ) -> dict[str, SingleItemDID | MultipleItemDID]:
        """Make variables of the items that are of a lake, set them in the notebook, answer them.

        `names` says what the variable of a DID is called, else its own name does. In a plain script
        they are only answered. A name that holds something else is left alone; what cannot be made
        is said in a line.
        """
        from dlaas.basket.variables import attach

        return attach(self, self._of_lakes(items), names or {})

    def records(
        self, names: Mapping[str, str] | None = None, *, items: Which = None
    ) -> list[dict[str, Any]]:
        """Answer the record that a notebook's metadata keeps of these variables."""
        from dlaas.basket.variables import records

        return [one for _, one in records(self, self._of_lakes(items), names or {}) if one]

    def remove(self, items: Which) -> list[BasketItem]:
        """Remove items, also from ESAP, and answer them; None is refused, for it would mean all.

        ESAP can only replace a whole basket: it is read again just before, what others have put
        there since stays, and it is read once more to see that nothing was lost. Raises
        `InvalidInput`, `CannotAuthenticate`, `Unreachable`; where items may have been lost its
        remedy names the file that has them.
        """
        from dlaas.basket.removing import remove_from

        if items is None:
            raise InvalidInput("Say which items are to be removed.")
        wanted = choose(self.items, items)
        for host in dict.fromkeys(item.host for item in wanted):
            some = [item for item in wanted if item.host == host]
            if host is not None:
                remove_from(Esap(host, self._tokens), some)
            gone = set(map(id, some))
            self._items = [item for item in self.items if id(item) not in gone]
        return wanted

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file that `from_file` reads; no login is in it. Replaces no file."""
        reading.write_file(path, self.items)

    def to_pandas(self) -> Any:
        """Answer a table of it, one row for each item; raises `InvalidInput` without pandas."""
        from dlaas.basket.showing import as_frame

        return as_frame(self.items)

    def _of_lakes(self, items: Which) -> list[BasketItem]:
        """Answer the items of lakes; one that was named and is none is an error."""
        found = choose(self.items, items)
        others = [item.title for item in found if item.did is None]
        if items is not None and others:
            raise InvalidInput(
                f"{', '.join(map(repr, others))}: not of a lake.",
                remedy="It can be downloaded, or looked at by its link.",
            )
        return [item for item in found if item.did is not None]


def _unpickled(
    hosts: tuple[str, ...], items: list[BasketItem] | None, instance: str | None
) -> Basket:
    return Basket(hosts, instance=instance, items=items)
