"""From nothing to a seeded lake, and from any half-way state too: `python -m lakeside.bootstrap D`.

Prints one line for each step that took time. Needs PostgreSQL running, if that is the lake's database;
no other service.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from . import configure, database, pki
from .layout import HOST, SITES, USERS, Layout, Site, State

GB = 10**9
LIMITS = {
    "alice": {"NORTH-DISK": 50 * GB, "SOUTH-DISK": 50 * GB, "NOTEBOOK-MOUNT": 20 * GB},
    # Small on SOUTH-DISK, so that a full quota can be met.
    "bob": {"NORTH-DISK": 50 * GB, "SOUTH-DISK": 1_000_000, "NOTEBOOK-MOUNT": 20 * GB},
}
UNLIMITED = -1


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    state = layout.load()
    if state is None:
        raise SystemExit(f"There is no lake in {layout.directory}")
    step = Steps()
    make_folders(layout)
    pki.ensure(layout)
    configure.ensure(layout, state)
    step("Certificates and configuration written")
    database.adapt(state)
    build_database(state)
    step("Rucio's database built")
    fill(layout, state)
    step("Accounts and RSEs registered")
    from . import samples_catalogue

    samples_catalogue.seed(layout, Path(sys.argv[2]))
    step("Sample data registered")
    layout.note_prepared(state)


class Steps:
    """Prints what was done and how long it took."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def __call__(self, done: str) -> None:
        now = time.monotonic()
        print(f"{done} ({now - self.since:.1f} s)", flush=True)
        self.since = now


def make_folders(layout: Layout) -> None:
    for folder in (layout.db, layout.mount):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for site in SITES:
        layout.store(site).mkdir(parents=True, exist_ok=True)
        layout.incoming(site).mkdir(parents=True, exist_ok=True)
        link = layout.mount / site.service
        if site.mounted and not link.is_symlink():
            link.symlink_to(Path("..") / "storage" / site.service)


def build_database(state: State) -> None:
    """Create Rucio's tables and its root account, unless they are there."""
    from rucio.db.sqla import models, util
    from rucio.db.sqla.session import get_engine
    from sqlalchemy import inspect, text

    engine = get_engine()
    if not inspect(engine).has_table(models.AlembicVersion.__tablename__):
        util.build_database()
        util.create_base_vo()
    if state.db == "sqlite":
        # SQLite's planner takes this index for list_dataset_replicas and reads all replicas:
        # 10 s instead of 0.05 s for 10,000 files.
        with engine.begin() as connection:
            connection.execute(text('DROP INDEX IF EXISTS "REPLICAS_STATE_IDX"'))


def fill(layout: Layout, state: State) -> None:
    """Accounts, identities, scopes, RSEs, limits and distances."""
    from rucio.core.account import account_exists
    from rucio.common.types import InternalAccount
    from rucio.db.sqla import util

    if not account_exists(account=InternalAccount("root")):
        util.create_root_account()
    for account in USERS:
        add_account(layout, account)
    for site in SITES:
        add_rse(layout, state, site)
    connect()
    set_limits()


def add_account(layout: Layout, account: str) -> None:
    from rucio.gateway import account as accounts
    from rucio.gateway import identity

    from .catalogue import ensure_scope, once

    email = f"{account}@localhost"
    once(accounts.add_account, account, "USER", email, issuer="root")
    once(
        identity.add_account_identity,
        identity_key=account,
        id_type="USERPASS",
        account=account,
        email=email,
        issuer="root",
        default=True,
        password=layout.password(account),
    )
    once(
        identity.add_account_identity,
        identity_key=pki.subject(account),
        id_type="X509",
        account=account,
        email=email,
        issuer="root",
        default=True,
    )
    ensure_scope(f"user.{account}", account)


def add_rse(layout: Layout, state: State, site: Site) -> None:
    from rucio.gateway import rse

    from .catalogue import once

    if once(rse.add_rse, site.rse, issuer="root", deterministic=True, rse_type="DISK"):
        rse.set_rse_usage(site.rse, "storage", used=0, free=100 * GB, issuer="root")
    attributes = {
        "site": site.site,
        "QOS": site.qos,
        "fts": f"https://{HOST}:{state.ports['fts']}",
        "greedyDeletion": True,
    }
    present = rse.list_rse_attributes(site.rse)
    for key, value in attributes.items():
        if present.get(key) != value:
            rse.add_rse_attribute(site.rse, key, value, issuer="root")
    set_protocols(site, protocols(layout, state, site))


def protocols(layout: Layout, state: State, site: Site) -> list[dict[str, Any]]:
    """How the site is reached: https for everybody; where it is mounted, as files for reading too."""
    everything = {"read": 2, "write": 1, "delete": 1}
    https = {
        "scheme": "https",
        "hostname": HOST,
        "port": state.ports[site.service],
        "prefix": layout.prefix(site),
        "impl": "rucio.rse.protocols.webdav.Default",
        "domains": {
            "lan": everything,
            "wan": everything
            | {"read": 1, "third_party_copy_read": 1, "third_party_copy_write": 1},
        },
    }
    if not site.mounted:
        return [https]
    none = {"read": 0, "write": 0, "delete": 0}
    mounted = {
        "scheme": "file",
        "hostname": HOST,
        "port": 0,
        "prefix": f"{layout.mount / site.service}/",
        "impl": "rucio.rse.protocols.posix.Default",
        "domains": {"lan": none | {"read": 1}, "wan": none},
    }
    return [https, mounted]


def set_protocols(site: Site, wanted: list[dict[str, Any]]) -> None:
    """Give the RSE these protocols: their ports may have changed since the last time."""
    from rucio.gateway import rse

    keys = ("scheme", "hostname", "port", "prefix")
    present = rse.get_rse_protocols(site.rse, issuer="root")["protocols"]
    if sorted(tuple(p[k] for k in keys) for p in present) == sorted(
        tuple(p[k] for k in keys) for p in wanted
    ):
        return
    for scheme in {protocol["scheme"] for protocol in present}:
        rse.del_protocols(site.rse, scheme, issuer="root")
    for protocol in wanted:
        rse.add_protocol(site.rse, issuer="root", **protocol)


def connect() -> None:
    """Make every site reachable from every other."""
    from rucio.gateway import rse

    from .catalogue import once

    for source in SITES:
        for destination in SITES:
            if source != destination:
                once(rse.add_distance, source.rse, destination.rse, issuer="root", distance=1)


def set_limits() -> None:
    from rucio.gateway.account_limit import set_local_account_limit

    for site in SITES:
        set_local_account_limit("root", site.rse, UNLIMITED, issuer="root")
        for account, limits in LIMITS.items():
            set_local_account_limit(account, site.rse, limits[site.rse], issuer="root")


if __name__ == "__main__":
    main()
