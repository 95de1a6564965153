"""After the bytes of many files: known to the catalogue, kept and attached, a hundred at a time.

Each step can be done twice: whoever is killed between two of them has it completed by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.model import DID, Rule
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.disk.sums_cache import Summed
from dlaas.transfer.upload import register
from dlaas.transfer.upload.duplicates import Item
from dlaas.transfer.upload.names import known_rows
from dlaas.transfer.upload.order import Order, available
from dlaas.transfer.upload.protection import keep_files, kept_since, now, rules_of_dataset

if TYPE_CHECKING:
    from dlaas.lake import Lake

Brought = tuple[Item, Summed]


class Registrar:
    """Registers the files of one order; `failed` says which are not, or are not kept, and why."""

    def __init__(self, lake: Lake, order: Order) -> None:
        self._lake = lake
        self._order = order
        self._began = now()
        self._made = False
        self.failed: dict[DID, errors.DlaasError] = {}
        self.rules: list[Rule] = []

    def register(self, brought: Sequence[Brought]) -> None:
        """Make files that lie on the storage known and kept; raises `CannotAuthenticate`."""
        self._add_replicas([one for one in brought if not one[0].here])
        names = [item.name for item, _ in brought if item.name not in self.failed]
        if names:
            self._keep(names)
            self._attach([name for name in names if name not in self._order.attached])

    def _add_replicas(self, brought: list[Brought]) -> None:
        if not brought:
            return
        rows = known_rows(self._lake, [item.name for item, _ in brought])
        new = []
        for item, sums in brought:
            row = rows.get(item.name)
            if row is None or same_adler32(row.get("adler32"), sums.adler32):
                new.append((item, sums))
            else:
                # Another upload was quicker: this one by itself, with all that is to be said.
                self._one(item, sums)
        if new:
            self._add(new)
        there = available(self._lake, [item.name for item, _ in new], self._order.rse)
        for item, sums in new:
            if item.name not in there and item.name not in self.failed:
                self._one(item, sums)

    def _add(self, new: list[Brought]) -> None:
        files = [
            {
                "scope": item.name.scope,
                "name": item.name.name,
                "bytes": sums.bytes,
                "adler32": sums.adler32,
                "md5": sums.md5,
            }
            for item, sums in new
        ]
        try:
            self._lake.client.add_replicas(self._order.rse, files)
        except errors.CannotAuthenticate:
            raise
        except (errors.Unreachable, errors.TookTooLong) as error:
            for item, _ in new:
                self.failed[item.name] = error
        except errors.DlaasError:
            # One of them spoils it for all, or another process registers it just now.
            for item, sums in new:
                self._one(item, sums)

    def _one(self, item: Item, sums: Summed) -> None:
        def act() -> None:
            plan = self._order.plan(item)
            if not register.has_replica(self._lake, plan.did, plan.rse):
                register._add_replica(self._lake, plan, sums)
            register.check_contents(self._lake, plan.did, sums)

        self._try([item.name], act)

    def _keep(self, names: list[DID]) -> None:
        if self._order.new_dataset and not self._made:
            self._try(names, self._make_dataset)
        for wish in self._order.wishes:
            if wish not in self._order.dataset_keeps:
                for name, error in keep_files(self._lake, names, wish).items():
                    self._fail(name, self._unprotected(error))

    def _make_dataset(self) -> None:
        dataset = self._order.dataset
        assert dataset is not None
        # Another upload into the same new dataset may have been quicker.
        with suppress(errors.DataIdentifierAlreadyExists):
            self._lake.client.add_dataset(dataset.scope, dataset.name)
        try:
            for wish in self._order.wishes:
                register.keep(self._lake, dataset, wish.expression, wish.copies, wish.lifetime)
        except errors.DlaasError as error:
            raise self._unprotected(error) from error
        self._made = True

    def _unprotected(self, error: errors.DlaasError) -> errors.DlaasError:
        more = f" What was sent is registered on {self._order.rse}, and this rule does not keep it."
        if more not in error.message:
            error.message += more
        return error

    def _attach(self, names: list[DID]) -> None:
        if self._order.dataset is None or not names:
            return
        try:
            self._attach_all(names)
        except errors.CannotAuthenticate:
            raise
        except errors.DlaasError:
            for name in names:
                self._try([name], partial(self._attach_all, [name]))

    def _attach_all(self, names: list[DID]) -> None:
        dataset = self._order.dataset
        assert dataset is not None
        files = [{"scope": name.scope, "name": name.name} for name in names]
        attachment: dict[str, Any] = {
            "scope": dataset.scope,
            "name": dataset.name,
            "dids": files,
        }
        self._lake.client.attach_dids_to_dids([attachment], ignore_duplicate=True)

    def _try(self, names: list[DID], act: Callable[[], None]) -> None:
        try:
            act()
        except errors.CannotAuthenticate:
            raise
        except errors.DlaasError as error:
            for name in names:
                self._fail(name, error)

    def _fail(self, name: DID, error: errors.DlaasError) -> None:
        self.failed.setdefault(name, error)

    def verify(self, names: Sequence[DID]) -> None:
        """Make sure that a rule keeps each file; those without one are in `failed` then."""
        sought = [name for name in names if name not in self.failed]
        if not sought:
            return
        for name in set(sought) - self._kept(sought):
            self._fail(name, _unkept(name, self._order.rse))

    def _kept(self, names: list[DID]) -> set[DID]:
        wish, dataset = self._order.wishes[0], self._order.dataset
        if dataset is not None:
            self.rules = rules_of_dataset(self._lake, dataset)
        if dataset is not None and wish in self._order.dataset_keeps:
            if not any(wish.is_met_by(rule) for rule in self.rules):
                return set()
            rows = self._lake.client.list_content(dataset.scope, dataset.name)
            return {DID(f"{row['scope']}:{row['name']}") for row in rows}
        kept = set(kept_since(self._lake, (name.scope for name in names), wish, self._began))
        # An older rule of an earlier try.
        older = [name for name in names if name not in kept]
        kept |= {
            name
            for name in older
            if self._lake._own_rule(name, wish.expression, wish.copies) is not None
        }
        return kept


def _unkept(name: DID, rse: str) -> errors.RucioFailed:
    return errors.RucioFailed(
        f"{name} is registered on {rse}, and Rucio shows no rule that keeps it.",
        remedy="Make it available on that RSE, or upload it again: what is there is used.",
    )
