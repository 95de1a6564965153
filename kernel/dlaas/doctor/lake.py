"""One instance: its address and certificates, the clock, the login, and then its storage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.doctor import certificates, storage
from dlaas.doctor.check import Check, Looker
from dlaas.doctor.machine import check_folder
from dlaas.errors import RucioFailed
from dlaas.lifetime import said

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials import Credential
    from dlaas.lake import Lake

# Tokens and signatures of storages tolerate about a minute.
_SKEWED, _WRONG = 30.0, 300.0
_ENDS_SOON = 600.0
_FULL = 0.95


def check_lake(
    instance: Instance, account: str | None, timeout: float, credential: Credential | None = None
) -> Iterator[Check]:
    """Check one instance; without an answer of its server nothing more is asked of it."""
    from dlaas.lake import Lake

    looker = Looker(instance.name, timeout)
    quick = replace(instance, request_timeout=max(1.0, timeout * 0.6))
    yield from looker.look("CA", certificates.check_ca, instance)
    if instance.client_cert:
        yield from looker.look("certificate", certificates.check_own, instance.client_cert)
    answers = True
    for url in dict.fromkeys((instance.rucio_base_url, instance.auth_url)):
        for check in looker.look("server", _server, quick, url):
            answers = answers and check.state != "problem"
            yield check
    lake = Lake(quick, account=account, credentials=credential)
    if answers:
        by_panel = credential is not None or bool(instance.handover)
        login = looker.look("login", _login, lake, by_panel)
        yield from login
        if all(check.state != "problem" for check in login):
            yield from looker.look("account", _account, lake)
            yield from storage.check_storage(looker, lake)
        else:
            yield looker.called("storage").warning("Not checked: that needs the login.")
    else:
        yield looker.called("login").warning(
            "Not checked, nor the storage: the server does not answer."
        )
    yield from looker.look("mount", storage.check_mount, instance)
    yield from looker.look("cache", lambda here: check_folder(here, _cache_folder(instance)))


def _server(looker: Looker, instance: Instance, url: str) -> list[Check]:
    from dlaas.rucio.wire import Wire

    wire = Wire(instance)
    started, clock = time.monotonic(), time.time()
    try:
        answer = wire.request("GET", f"{url}/ping", headers={})
        took = time.monotonic() - started
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        date = answer.headers.get("Date")
    except ValueError:
        told, took, date = {}, 0.0, None
    finally:
        wire.close()
    version = told.get("version") if isinstance(told, dict) else None
    if not version:
        return [looker.problem(RucioFailed(f"{url} answers, but is no Rucio."))]
    found = looker.ok(f"{url} answers in {took:.2f} s: Rucio {version}")
    return [found, *_clock(looker.called("clock"), date, clock + took / 2)]


def _clock(looker: Looker, date: str | None, here: float) -> Iterator[Check]:
    if not date:
        return
    # A Date header has whole seconds.
    skew = here - parsedate_to_datetime(date).timestamp()
    told = f"This machine's clock is {said(abs(skew))} {'ahead of' if skew > 0 else 'behind'}"
    remedy = "Have the clock of this machine set by NTP: logins and certificates depend on it."
    if abs(skew) <= _SKEWED:
        yield looker.ok("It agrees with the server's.")
    else:
        tell = looker.wrong if abs(skew) > _WRONG else looker.warning
        yield tell(f"{told} the server's.", remedy)


def _login(looker: Looker, lake: Lake, by_panel: bool) -> Check:
    token = lake.credential()
    name = lake.whoami().name
    method = "the panel" if by_panel else lake.instance.auth_type
    text = f"{name}, by {method}"
    if token.expires_at is None:
        return looker.ok(text)
    left = token.expires_at - time.time()
    ends = datetime.fromtimestamp(token.expires_at, timezone.utc)
    text = f"{text}, for {said(max(left, 0))}, until {ends:%Y-%m-%d %H:%M} UTC"
    if left < _ENDS_SOON:
        return looker.warning(text, "Log in again soon, where nobody renews it for you.")
    return looker.ok(text)


def _account(looker: Looker, lake: Lake) -> Iterator[Check]:
    scopes = lake.list_scopes()
    if scopes:
        yield looker.ok(
            f"{lake.account} owns {', '.join(scopes[:5])}{' …' if len(scopes) > 5 else ''}"
        )
    else:
        yield looker.warning(
            f"{lake.account} has no scope of its own: nothing can be uploaded.",
            "Ask the lake's administrators for a scope.",
        )
    full = [used.rse for used in lake.usage() if used.limit and used.bytes > _FULL * used.limit]
    if full:
        yield looker.called("quota").warning(
            f"That on {', '.join(full)} is used up.",
            "Release rules that you no longer need, or ask for a larger quota.",
        )


def _cache_folder(instance: Instance) -> Path:
    from dlaas.cache import Cache

    return Path(Cache(instance.cache_folder).folder)
