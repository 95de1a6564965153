"""After the bytes: tell the catalogue, protect by a rule, attach, and make sure of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlaas import errors
from dlaas.catalogue.rules import covers
from dlaas.model import DID, Rule
from dlaas.rucio.rows import rule_from
from dlaas.transfer.disk.checksums import same_adler32
from dlaas.transfer.upload import names
from dlaas.transfer.wire.door import open_door

if TYPE_CHECKING:
    from dlaas.lake import Lake
    from dlaas.transfer.disk.sums_cache import Summed
    from dlaas.transfer.upload.plan import Plan

# Rucio has understood and refused: what was not registered is not going to be.
_REFUSALS = (errors.Refused, errors.InvalidInput, errors.NotThere)


def register(lake: Lake, plan: Plan, sums: Summed) -> Rule | None:
    """Make a file that lies on the storage known and kept; answers the rule that keeps it."""
    if not has_replica(lake, plan.did, plan.rse):
        _add_replica(lake, plan, sums)
    check_contents(lake, plan.did, sums)
    if plan.dataset is not None and plan.new_dataset:
        _add_dataset(lake, plan)
    if plan.dataset is None or not _kept_by_dataset(lake, plan):
        _keep(lake, plan.did, plan)
    if plan.dataset is not None:
        _attach(lake, plan.did, plan.dataset)
    return _protecting(lake, plan)


def has_replica(lake: Lake, did: DID, rse: str) -> bool:
    """Tell whether the catalogue has an available copy of a file on an RSE."""
    try:
        copies = lake._replicas([did], even_unavailable=True)
        return any(copy.rse == rse and copy.state == "AVAILABLE" for copy in copies)
    except errors.NotThere:
        return False


def check_contents(lake: Lake, did: DID, sums: Summed) -> None:
    """Make sure that a name is free, or that of these contents: another upload may be quicker."""
    with suppress(errors.DataIdentifierNotFound):
        row = lake.client.get_did(did.scope, did.name)
        if not same_adler32(row.get("adler32"), sums.adler32):
            raise taken(lake, did)


def taken(lake: Lake, did: DID) -> errors.DataIdentifierAlreadyExists:
    """Make the error for a name that other contents have, with one that is free."""
    return names.taken(did, "is there already, with other contents", names.free_name(lake, did))


def _add_replica(lake: Lake, plan: Plan, sums: Summed) -> None:
    file = {
        "scope": plan.did.scope,
        "name": plan.did.name,
        "bytes": sums.bytes,
        "adler32": sums.adler32,
        "md5": sums.md5,
    }
    try:
        # Rucio would take a copy with other bytes than those of the other copies.
        check_contents(lake, plan.did, sums)
    except errors.DataIdentifierAlreadyExists as error:
        raise _orphan(lake, plan, error, sums) from error
    try:
        lake.client.add_replicas(plan.rse, [file])
    except errors.AlreadyThere:
        pass
    except _REFUSALS as error:
        if has_replica(lake, plan.did, plan.rse):
            # Another account that may was quicker: the bytes are its own now.
            raise
        raise _orphan(lake, plan, error) from error
    if not has_replica(lake, plan.did, plan.rse):
        # An upload by other means died before it said that the bytes are there, and Rucio keeps
        # quiet.
        _set_available(lake, plan)


def _set_available(lake: Lake, plan: Plan) -> None:
    file = {"scope": plan.did.scope, "name": plan.did.name, "state": "A"}
    try:
        lake.client.update_replicas_states(plan.rse, [file])
    except errors.AccessDenied as error:
        raise errors.AccessDenied(
            f"{plan.did} is half-registered on {plan.rse} by an earlier upload, and Rucio does"
            " not let this account complete it.",
            remedy="Ask the lake's administrators to declare it available, or use another name.",
            details=error.details,
        ) from error


def _orphan(
    lake: Lake, plan: Plan, error: errors.DlaasError, only: Summed | None = None
) -> errors.DlaasError:
    """Remove the bytes that Rucio does not want to know of, and say what happened.

    `only` these are removed, where the name is somebody else's.
    """
    storage = open_door(lake, plan.rse, plan.url)
    try:
        found = storage.stat(plan.url) if only else None
        if only and (found is None or not same_adler32(found.adler32, only.adler32)):
            return error
        removed = storage.delete(plan.url)
    finally:
        storage.close()
    left = (
        "The file was removed from the storage again."
        if removed
        else f"The file could not be removed again: {plan.url}"
    )
    if not isinstance(error, errors.AccessDenied):
        error.message = f"{error.message} {left}"
        return error
    return errors.AccessDenied(
        f"Rucio does not let the account {lake.account!r} register files on {plan.rse}. {left}",
        remedy="Upload to an RSE where it may (often one for scratch), or ask the lake's"
        " administrators for the right. Logging in again will not help.",
        details={**error.details, "rse": plan.rse, "removed": removed},
    )


def _add_dataset(lake: Lake, plan: Plan) -> None:
    assert plan.dataset is not None
    # Another upload into the same new dataset may have been quicker.
    with suppress(errors.DataIdentifierAlreadyExists):
        lake.client.add_dataset(plan.dataset.scope, plan.dataset.name)
    _keep(lake, plan.dataset, plan)


def _keep(lake: Lake, did: DID, plan: Plan) -> Rule:
    try:
        return keep(lake, did, plan.rse, 1, plan.lifetime)
    except _REFUSALS as error:
        error.message += f" {plan.did} is registered on {plan.rse}, and no rule keeps it yet."
        raise


def keep(lake: Lake, did: DID, expression: str, copies: int, lifetime: int | None) -> Rule:
    """Make a rule, or let the one that this account has last long enough; answers it."""
    try:
        return lake.get_rule(lake._add_rule(did, copies, expression, lifetime))
    except errors.DuplicateRule:
        rule = lake._own_rule(did, expression, copies)
        if rule is None:
            raise
        # Rucio may let only administrators lengthen it: then it lasts as long as it did.
        with suppress(errors.AccessDenied):
            if not covers(rule, lifetime):
                rule = lake._set_lifetime(rule.id, lifetime)
        return rule


def _kept_by_dataset(lake: Lake, plan: Plan) -> bool:
    """Tell whether the dataset's rule keeps the file as the caller wants.

    It does where the dataset is made for it; in one that was there before, where an earlier try has
    attached it.
    """
    if plan.new_dataset or plan.dataset is None:
        return plan.new_dataset
    rule = lake._own_rule(plan.dataset, plan.rse, 1)
    if plan.known is None or rule is None or not covers(rule, plan.lifetime):
        return False
    parents = lake.client.list_parent_dids(plan.did.scope, plan.did.name)
    return any((p["scope"], p["name"]) == (plan.dataset.scope, plan.dataset.name) for p in parents)


def _attach(lake: Lake, did: DID, dataset: DID) -> None:
    file: dict[str, Any] = {"scope": did.scope, "name": did.name}
    # An earlier try may have got as far as this.
    with suppress(errors.AlreadyThere):
        lake.client.attach_dids(dataset.scope, dataset.name, [file])


def _protecting(lake: Lake, plan: Plan) -> Rule:
    """Answer the rule that keeps the file; without one it may be deleted any time."""
    own = lake._own_rule(plan.did, plan.rse, 1)
    if own is not None:
        return own
    if plan.dataset is not None:
        for row in lake.client.list_did_rules(plan.dataset.scope, plan.dataset.name):
            rule = rule_from(row)
            if rule.rse_expression == plan.rse:
                return rule
    raise errors.RucioFailed(
        f"{plan.did} is registered on {plan.rse}, and Rucio shows no rule that keeps it.",
        remedy="Make it available on that RSE, or upload it again: what is there is used.",
    )
