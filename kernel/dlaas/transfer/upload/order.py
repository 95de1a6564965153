"""An upload of many files before a byte is sent: all that can be checked is checked, for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from dlaas import errors
from dlaas.lifetime import Lifetime, Until, seconds
from dlaas.model import DID
from dlaas.transfer.report import Outcome
from dlaas.transfer.upload.duplicates import Duplicates, Item, items_of
from dlaas.transfer.upload.names import chunked
from dlaas.transfer.upload.plan import (
    Plan,
    check_dataset,
    check_scope,
    checked_new,
    target_rse,
    urls,
)
from dlaas.transfer.upload.protection import Wish, covered, kept_since, rules_of_dataset, wishes
from dlaas.transfer.upload.sources import Named, Source, Sources, sources

if TYPE_CHECKING:
    from dlaas.lake import Lake

_COPIES = 200


@dataclass(frozen=True)
class Order:
    """Many files to upload, every check of them passed; nothing has been sent yet.

    `new_dataset` is to be made, or was made by an earlier try; `dataset_keeps` are the wishes that
    rules on the dataset fulfil, the others are for each file.
    """

    rse: str
    items: tuple[Item, ...]
    wishes: tuple[Wish, ...]
    dataset: DID | None
    new_dataset: bool
    dataset_keeps: frozenset[Wish]
    attached: frozenset[DID]

    @property
    def bytes(self) -> int:
        """How much there is to send."""
        return sum(item.source.bytes for item in self.to_do if not item.here)

    @property
    def to_do(self) -> list[Item]:
        """The files that can be uploaded, or have to be made sure of."""
        return [item for item in self.items if item.problem is None]

    def plan(self, item: Item) -> Plan:
        """Answer the plan of one of its files, as the upload of a single one has it."""
        row = {"bytes": item.source.bytes} if item.sums else None
        return Plan(
            item.source.path, item.name, item.source.bytes, self.rse, item.url,
            self.wishes[0].lifetime, self.dataset, False, row,
        )  # fmt: skip


def order(
    lake: Lake,
    files: Sources,
    scope: str | None = None,
    *,
    dataset: str | None = None,
    lifetime: Lifetime | None = None,
    until: Until | None = None,
    rses: str | Sequence[str] | None = None,
    rules: Iterable[str | Mapping[str, Any]] = (),
    duplicates: Duplicates = "fail",
    base: Named | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Order:
    """Check all that can be checked before a byte is sent, and answer what would be done."""
    if duplicates not in get_args(Duplicates):
        raise errors.InvalidInput(
            f"duplicates={duplicates!r} is none of {', '.join(get_args(Duplicates))}."
        )
    wanted = seconds(lifetime, until)
    parent = DID(dataset) if dataset else None
    found = sources(files, scope, base)
    given = [rses] if isinstance(rses, str) else list(rses or ())
    target = target_rse(lake, given[0] if given else None)
    _check_names(lake, found, parent)
    wished = wishes(lake, [target, *given[1:]], rules, wanted)
    _check_rses(lake, [target, *given[1:]], target)
    new, attached = _look_into(lake, parent, found)
    items = items_of(lake, found, duplicates, cancelled)
    items = _placed(lake, target, items)
    keeps = _dataset_keeps(lake, parent, new, wished)
    made = Order(target, tuple(items), tuple(wished), parent, new, keeps, attached)
    _check_quota(lake, made)
    return made


def _check_names(lake: Lake, found: list[Source], parent: DID | None) -> None:
    scopes = {DID(one.did).scope for one in found if one.problem is None}
    if parent is not None:
        if any(one.did == parent for one in found):
            raise errors.InvalidInput("The files and their dataset need different names.")
        scopes.add(parent.scope)
    for one in sorted(scopes):
        check_scope(lake, one)


def _check_rses(lake: Lake, rses: Sequence[str], target: str) -> None:
    for rse in rses:
        lake.rse_info(rse)
    if lake.may("add_replicas", target) is False:
        raise errors.AccessDenied(
            f"Rucio does not let the account {lake.account!r} register files on {target}:"
            " nothing was sent.",
            remedy="Upload to an RSE where it may (often one for scratch), or ask the lake's"
            " administrators for the right. Logging in again will not help.",
            details={"rse": target},
        )


def _look_into(lake: Lake, parent: DID | None, found: list[Source]) -> tuple[bool, frozenset[DID]]:
    """Tell whether the dataset is ours to make, and which of the files are in it."""
    if parent is None:
        return False, frozenset()
    if check_dataset(lake, parent):
        checked_new(parent)
        return True, frozenset()
    ours, inside, others = {one.did for one in found}, set(), False
    for child in lake.client.list_content(parent.scope, parent.name):
        did = DID(f"{child['scope']}:{child['name']}")
        if did in ours:
            inside.add(did)
        else:
            others = True
    # An earlier try that ended early made it, for these very files.
    return not others, frozenset(inside)


def _dataset_keeps(
    lake: Lake, parent: DID | None, new: bool, wished: list[Wish]
) -> frozenset[Wish]:
    if parent is None or new:
        return frozenset(wished if parent is not None else ())
    # To make a rule on a dataset with other contents would copy those too.
    rules = rules_of_dataset(lake, parent)
    return frozenset(wish for wish in wished if covered(wish, rules))


def _placed(lake: Lake, rse: str, items: list[Item]) -> list[Item]:
    """Add where each file goes, and whether the catalogue has it there."""
    wanted = [item.name for item in items if item.problem is None]
    places = urls(lake, rse, wanted)
    known = [item.name for item in items if item.problem is None and item.sums is not None]
    here = available(lake, known, rse)
    return [
        item
        if item.problem is not None
        else replace(
            item,
            url=places[item.name],
            here=item.did in here,
            outcome=_outcome(item, item.did in here),
        )
        for item in items
    ]


def _outcome(item: Item, here: bool) -> Outcome:
    if item.sums is not None and here:
        return "skipped"
    return "uploaded" if item.did == item.source.did else "renamed"


def available(lake: Lake, dids: Sequence[DID], rse: str) -> set[DID]:
    """Answer which files have an available copy on an RSE, hundreds in one question."""
    found = set()
    for chunk in chunked(dids, _COPIES):
        for copy in lake._replicas(chunk, rse_expression=rse, even_unavailable=True):
            if copy.rse == rse and copy.state == "AVAILABLE":
                found.add(copy.did)
    return found


def _check_quota(lake: Lake, made: Order) -> None:
    """Refuse what does not fit in all; what an earlier try brought and kept has been counted."""
    known = [item.name for item in made.to_do if item.sums is not None]
    for wish in made.wishes:
        needed = _needed(lake, made, wish, known)
        if needed:
            lake.check_quota(wish.expression, partial(int, needed), wish.copies)


def _needed(lake: Lake, made: Order, wish: Wish, known: list[DID]) -> int:
    counted: set[DID] = set()
    if wish in made.dataset_keeps:
        counted |= made.attached
    if known:
        counted |= set(kept_since(lake, {did.scope for did in known}, wish, None))
    return sum(item.source.bytes for item in made.to_do if item.name not in counted)
