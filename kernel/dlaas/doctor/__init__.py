"""What may be wrong between here and a lake: looked at in the order of causes, each with its mend.

Nothing here changes anything, and no check can hide or hold up another.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from dlaas.config import Instance
from dlaas.doctor.check import Check as Check
from dlaas.doctor.check import Looker
from dlaas.doctor.configuration import check_configuration, known_instances
from dlaas.doctor.lake import check_lake
from dlaas.doctor.machine import check_machine
from dlaas.model import Problem

if TYPE_CHECKING:
    from dlaas.credentials import Credential

TIMEOUT = 8.0


def diagnose(
    instance: str | None = None, account: str | None = None, *, timeout: float = TIMEOUT
) -> Iterator[Check]:
    """Check this machine and every configured instance, or one; each check takes `timeout` seconds
    at most.

    The instances are looked at together and told one after the other.
    """
    yield from check_machine(timeout)
    yield from check_configuration(instance, timeout)
    found = [one for one in known_instances() if instance in (None, one.name)]
    for answers in [_begin(one, account, timeout) for one in found]:
        while (check := answers.get()) is not None:
            yield check


def diagnose_logins(
    known: Iterable[tuple[Instance, Credential | None]],
    wrong: Mapping[str, Problem],
    *,
    timeout: float = TIMEOUT,
) -> Iterator[Check]:
    """Check this machine, and instances with the logins that somebody has there.

    Without a login it is what the configuration offers. `wrong` is what is known to be wrong with
    the configuration of other instances, by name.
    """
    yield from check_machine(timeout)
    for name, why in wrong.items():
        yield Looker(name, timeout, "configuration").problem(why)
    for answers in [_begin(one, None, timeout, login) for one, login in known]:
        while (check := answers.get()) is not None:
            yield check


def _begin(
    instance: Instance,
    account: str | None,
    timeout: float,
    login: Credential | None = None,
) -> queue.SimpleQueue[Check | None]:
    answers: queue.SimpleQueue[Check | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            for check in check_lake(instance, account, timeout, login):
                answers.put(check)
        except Exception as error:
            answers.put(Looker(instance.name, timeout, "doctor").problem(error))
        finally:
            answers.put(None)

    threading.Thread(target=run, name="dlaas-doctor", daemon=True).start()
    return answers
