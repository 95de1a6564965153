"""Variables of a notebook's record, made without the panel and without waiting for a dead lake."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from dlaas.connection import lake_for
from dlaas.errors import DlaasError, InternalError, TookTooLong
from dlaas.model import VariableRecord
from dlaas.variables import MultipleItemDID, SingleItemDID

Variable = SingleItemDID | MultipleItemDID

# Seconds for all variables of a notebook: its first cell is waiting.
PATIENCE = 5.0


def variable(record: VariableRecord) -> Variable:
    """Make the variable that a record names; raises `InstanceNotFound`."""
    lake = lake_for(record.instance)
    kind = SingleItemDID if record.type == "file" else MultipleItemDID
    return kind(record.did, lake.instance.name, lake=lake)


def make(
    records: Sequence[VariableRecord], patience: float = PATIENCE
) -> Iterator[tuple[VariableRecord, Variable | None, DlaasError | None]]:
    """Yield each record with its variable, or with what is wrong, or with both.

    With both, the lake did not say within `patience` seconds where the file is: the variable is its
    reference.
    """
    made: dict[str, Variable | DlaasError] = {}

    def work() -> None:
        # Collections ask nothing: a file must not keep them waiting.
        for record in sorted(records, key=lambda record: record.type == "file"):
            try:
                made[record.variableName] = variable(record)
            except DlaasError as error:
                made[record.variableName] = error
            except Exception as error:
                text = f"Making it failed ({type(error).__name__})."
                made[record.variableName] = InternalError(text)

    worker = threading.Thread(target=work, name="dlaas-restore", daemon=True)
    worker.start()
    worker.join(patience)
    for record in records:
        found = made.get(record.variableName)
        if found is None:
            yield record, _unlooked(record), _no_answer(patience)
        elif isinstance(found, DlaasError):
            yield record, None, found
        else:
            yield record, found, None


def _unlooked(record: VariableRecord) -> Variable:
    if record.type == "collection":
        return MultipleItemDID(record.did, record.instance)
    return SingleItemDID(record.did, record.instance, look=False)


def _no_answer(patience: float) -> DlaasError:
    return TookTooLong(
        f"The lake did not say within {patience:g} s where it is, so it is a reference for now.",
        remedy="resolve_dids() looks again.",
    )
