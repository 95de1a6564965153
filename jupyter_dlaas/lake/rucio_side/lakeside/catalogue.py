"""Registering what the lake begins with, and files that are already in a site's folder.

Everything goes through Rucio's own gateway, as a client's request would, and may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rucio.common import exception
from rucio.gateway import did as did_gateway
from rucio.gateway import replica as replica_gateway
from rucio.gateway import rule as rule_gateway
from rucio.gateway import scope as scope_gateway

from .catalogue_files import LocalFile
from .layout import Site

CHUNK = 500
KNOWN = (exception.Duplicate, exception.DataIdentifierAlreadyExists, exception.FileAlreadyExists)


def once(action: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Do what may have been done before; whether it was new."""
    try:
        action(*args, **kwargs)
    except KNOWN:
        return False
    return True


def add_copies(site: Site, scope: str, files: Sequence[LocalFile], account: str = "root") -> None:
    """Register the stored files as available replicas of the site's RSE."""
    for start in range(0, len(files), CHUNK):
        rows = [
            {
                "scope": scope,
                "name": file.name,
                "bytes": file.bytes,
                "adler32": file.adler32,
                "md5": file.md5,
            }
            for file in files[start : start + CHUNK]
        ]
        replica_gateway.add_replicas(rse=site.rse, files=rows, issuer=account)


def register(site: Site, scope: str, files: Sequence[LocalFile], account: str = "root") -> None:
    """Register the stored files as available replicas of the site's RSE, with their metadata."""
    add_copies(site, scope, files, account)
    for file in files:
        if file.meta:
            did_gateway.set_metadata_bulk(scope, file.name, meta=file.meta, issuer=account)


def collect(
    scope: str,
    name: str,
    did_type: str,
    members: Sequence[str],
    meta: dict[str, Any] | None = None,
    account: str = "root",
) -> None:
    """Make a dataset of files, or a container of datasets and containers, all of one scope."""
    once(did_gateway.add_did, scope, name, did_type, issuer=account)
    for start in range(0, len(members), CHUNK):
        dids = [{"scope": scope, "name": member} for member in members[start : start + CHUNK]]
        attachment = {"scope": scope, "name": name, "dids": dids}
        did_gateway.attach_dids_to_dids([attachment], issuer=account, ignore_duplicate=True)
    if meta:
        did_gateway.set_metadata_bulk(scope, name, meta=meta, issuer=account)


def is_closed(scope: str, name: str) -> bool:
    """Whether a collection is there and complete for ever."""
    try:
        return did_gateway.get_did(scope, name)["open"] is False
    except exception.DataIdentifierNotFound:
        return False


def close(scope: str, name: str, account: str = "root") -> None:
    """Close a collection: a released dataset does not change."""
    with suppress(exception.UnsupportedStatus):
        did_gateway.set_status(scope, name, issuer=account, open=False)


def keep(scope: str, names: Sequence[str], rse_expression: str, account: str = "root") -> None:
    """Add a rule without lifetime for each of the DIDs."""
    for name in names:
        with suppress(exception.DuplicateRule):
            rule_gateway.add_replication_rule(
                dids=[{"scope": scope, "name": name}],
                copies=1,
                rse_expression=rse_expression,
                grouping="DATASET",
                account=account,
                issuer=account,
                lifetime=None,
                locked=False,
                weight=None,
                subscription_id=None,
                source_replica_expression=None,
                activity=None,
                notify=None,
                purge_replicas=False,
                ignore_availability=False,
                comment=None,
                ask_approval=False,
                asynchronous=False,
                delay_injection=None,
                priority=3,
                split_container=False,
                meta=None,
            )


def ensure_scope(scope: str, account: str) -> None:
    once(scope_gateway.add_scope, scope, account, issuer="root")
