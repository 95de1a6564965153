"""Rucio's genuine daemons, one after the other in one process: `python -m lakeside.daemons
DIRECTORY`.

Each is run with `once=True`, about once a second while there is work and rarely when there is none.
hermes, which would send messages to a broker, is absent: its messages are pruned.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from . import database, pki, proxy
from .layout import Layout, State
from .service import Service

CYCLE_SECONDS = 1.0
IDLE_SECONDS = 30.0
PRUNE_SECONDS = 600.0
NO_WAIT = {"partition_wait_time": 0}

# Module below rucio.daemons, function, its arguments; in the order in which work passes on.
DAEMONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("judge.injector", "rule_injector", {}),
    ("judge.evaluator", "re_evaluator", {"did_limit": 1000}),
    ("undertaker.undertaker", "undertaker", {"chunk_size": 50}),
    ("judge.cleaner", "rule_cleaner", {}),
    ("conveyor.submitter", "submitter", {"bulk": 1000, "group_bulk": 100, **NO_WAIT}),
    ("conveyor.poller", "poller", {"older_than": 0, **NO_WAIT}),
    ("conveyor.finisher", "finisher", {"bulk": 1000, **NO_WAIT}),
    ("judge.repairer", "rule_repairer", {}),
    ("abacus.rse", "rse_update", {}),
    ("abacus.account", "account_update", {}),
    ("abacus.collection_replica", "collection_replica_update", {}),
    (
        "reaper.reaper",
        "reaper",
        {"rses": [], "include_rses": None, "exclude_rses": None, "chunk_size": 200, "greedy": True},
    ),
    ("transmogrifier.transmogrifier", "transmogrifier", {"bulk": 100}),
    ("badreplicas.necromancer", "necromancer", {"bulk": 100}),
)
Daemon = tuple[str, Callable[[], None]]
logger = logging.getLogger("lake.daemons")


class NeverWaiting(threading.Event):
    """The stop flag of a daemon that runs once: it would still wait seconds for other workers."""

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(0.001)
        return self.is_set()


def is_news(record: logging.LogRecord) -> bool:
    """Whether a message is worth a line: that there are no subscriptions is said at every cycle."""
    return "No subscriptions defined" not in record.getMessage()


def load() -> list[Daemon]:
    """The daemons, ready to be run once; raises SystemExit naming one that no longer fits."""
    loaded: list[Daemon] = []
    for name, function, arguments in DAEMONS:
        module = importlib.import_module(f"rucio.daemons.{name}")
        flags = [flag for flag in ("GRACEFUL_STOP", "graceful_stop") if hasattr(module, flag)]
        if not flags or not hasattr(module, function):
            raise SystemExit(f"Rucio's daemon {name} is not the one that the lake was written for")
        for flag in flags:
            setattr(module, flag, NeverWaiting())
        if hasattr(module, "REGION"):
            # The reaper remembers where it found nothing to delete and pauses there for minutes.
            module.REGION.configure("dogpile.cache.null", replace_existing_backend=True)
        if name == "conveyor.finisher":
            _recover_at_once(module)
        loaded.append((name, functools.partial(getattr(module, function), once=True, **arguments)))
    return loaded


def _recover_at_once(finisher: Any) -> None:
    """What was being submitted when we were killed is submitted anew now, not after two hours.

    Here nobody else submits: a request in that state is never under way when the finisher runs.
    """
    if not hasattr(finisher, "FAILED_DURING_SUBMISSION_DELAY"):
        raise SystemExit("Rucio's conveyor-finisher is not the one that the lake was written for")
    finisher.FAILED_DURING_SUBMISSION_DELAY = datetime.timedelta(0)


def run_cycle(daemons: Sequence[Daemon], stop: threading.Event) -> None:
    """Run each daemon once; an error of one does not keep the others from their work."""
    for name, run in daemons:
        if stop.is_set():
            return
        try:
            run()
        except Exception:
            logger.exception("%s failed; it will be run again", name)


def loop(daemons: Sequence[Daemon], stop: threading.Event) -> None:
    """Run cycles while there is work, and now and then when there seems to be none."""
    from .workload import prune_messages, work_waits

    last_cycle = last_prune = float("-inf")
    while not stop.is_set():
        started = time.monotonic()
        if started - last_cycle > IDLE_SECONDS or work_waits():
            run_cycle(daemons, stop)
            last_cycle = started
        if started - last_prune > PRUNE_SECONDS:
            prune_messages()
            last_prune = started
        stop.wait(max(0.1, CYCLE_SECONDS - (time.monotonic() - started)))


def credentials(layout: Layout, state: State) -> dict[str, str]:
    """The environment by which what deletes files is the robot."""
    if not state.xrootd:
        return {"X509_USER_PROXY": str(pki.identity(layout, pki.ROBOT))}
    return {
        "X509_USER_PROXY": str(proxy.lasting(layout, pki.ROBOT)),
        "X509_CERT_DIR": str(layout.authorities),
        # XRootD's client waits eight minutes for a server that is down, and all daemons with it.
        "XRD_CONNECTIONRETRY": "1",
        "XRD_CONNECTIONWINDOW": "5",
        "XRD_REQUESTTIMEOUT": "60",
        "XRD_STREAMTIMEOUT": "60",
    }


def main() -> None:
    service = Service("daemons")
    os.environ |= credentials(service.layout, service.state)
    database.adapt(service.state)
    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)
    daemons = load()
    # A daemon is never interrupted: it ends what it is doing, within the supervisor's patience.
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    service.ready()
    loop(daemons, stop)


if __name__ == "__main__":
    main()
