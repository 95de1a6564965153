"""From nothing to a seeded lake, and from any half-way state too: `python -m lakeside.bootstrap D`.

Prints one line for each step that took time. Needs PostgreSQL running, if that is the lake's
database; no other service.
"""

from __future__ import annotations

import fcntl
import sys
import time
from pathlib import Path
from typing import Any

from . import configure, database, keystores, people, pki, proxy
from .layout import EAST, EDGE, GROUP, HOST, SITES, XCACHE, Layout, Site, State
from .service import end_with_parent

GB = 10**9
UNLIMITED = -1
LIMITS = {
    "root": {site.rse: UNLIMITED for site in (*SITES, EAST)},
    "alice": {
        "NORTH-DISK": 50 * GB,
        "SOUTH-DISK": 50 * GB,
        "NOTEBOOK-MOUNT": 20 * GB,
        "EAST-DISK": 50 * GB,
    },
    # Small on SOUTH-DISK, so that a full quota can be met.
    "bob": {
        "NORTH-DISK": 50 * GB,
        "SOUTH-DISK": 1_000_000,
        "NOTEBOOK-MOUNT": 20 * GB,
        "EAST-DISK": 50 * GB,
    },
    GROUP: {"NORTH-DISK": 50 * GB},
}


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    state = layout.load()
    if state is None:
        raise SystemExit(f"There is no lake in {layout.directory}")
    end_with_parent()
    with (layout.run / "bootstrap.lock").open("w") as lock:
        # One that lost its supervisor may still be at work.
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(layout, state, Path(sys.argv[2]))


def prepare(layout: Layout, state: State, cache: Path) -> None:
    """Do all that is needed before the services can start; each part may be repeated."""
    step = Steps()
    make_folders(layout, state)
    pki.ensure(layout)
    keystores.ensure(layout)
    if state.xrootd:
        proxy.ensure(layout)
    configure.ensure(layout, state)
    step("Certificates and configuration written")
    database.adapt(state)
    build_database(layout, state)
    step("Rucio's database built")
    fill(layout, state)
    step("Accounts and RSEs registered")
    seeded = layout.db / "seeded"
    if not seeded.exists():
        from . import samples_catalogue

        samples_catalogue.seed(layout, cache)
        seeded.touch()
        step("Sample data registered")
    seeded_open = layout.db / "seeded-open-data"
    if not seeded_open.exists():
        from . import open_data
        from .samples import release

        open_data.seed(release.SCOPE, release.NOTE)
        seeded_open.touch()
    seeded_east = layout.db / f"seeded-{EAST.service}"
    if state.xrootd and not seeded_east.exists():
        from . import samples_catalogue

        samples_catalogue.copy_to(layout, cache, EAST, samples_catalogue.AT_EAST)
        seeded_east.touch()
        step(f"Samples copied to {EAST.rse}")
    layout.note_prepared(state)


class Steps:
    """Prints what was done and how long it took."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def __call__(self, done: str) -> None:
        now = time.monotonic()
        print(f"{done} ({now - self.since:.1f} s)", flush=True)
        self.since = now


def make_folders(layout: Layout, state: State) -> None:
    for folder in (layout.db, layout.mount):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for site in state.sites:
        layout.store(site).mkdir(parents=True, exist_ok=True)
        layout.incoming(site).mkdir(parents=True, exist_ok=True)
        link = layout.mount / site.service
        if site.mounted and not link.is_symlink():
            link.symlink_to(Path("..") / "storage" / site.service)


def build_database(layout: Layout, state: State) -> None:
    """Create Rucio's tables, unless they are there; those of an interrupted attempt go first."""
    from rucio.db.sqla import util
    from rucio.db.sqla.session import get_engine
    from sqlalchemy import text

    complete = layout.db / "complete"
    if complete.exists():
        return
    sqlite = state.db == "sqlite"
    with get_engine().begin() as connection:
        if not sqlite:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    if sqlite:
        get_engine().dispose()
        for file in layout.db.glob("rucio.db*"):
            file.unlink()
    util.build_database()
    util.create_base_vo()
    util.create_root_account()
    if sqlite:
        # SQLite's planner takes this index for list_dataset_replicas and reads all replicas:
        # 10 s instead of 0.05 s for 10,000 files.
        with get_engine().begin() as connection:
            connection.execute(text('DROP INDEX IF EXISTS "REPLICAS_STATE_IDX"'))
    complete.touch()


def fill(layout: Layout, state: State) -> None:
    """Accounts, identities, scopes, RSEs, limits and distances."""
    people.ensure(layout, state)
    for site in state.sites:
        add_rse(layout, state, site)
    connect(state)
    set_limits(state)
    if state.xrootd:
        set_cache(state)


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
    """How the site is reached: by https; as files for reading where it is mounted; XRootD's by
    root:// too.

    Its files are deleted by root://: to a DELETE over https it answers 200, and Rucio wants 204.
    """
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
    if site.server == "xrootd":
        root = https | {
            "scheme": "root",
            "prefix": f"/{layout.prefix(site)}",
            "impl": "rucio.rse.protocols.xrootd.Default",
        }
        first = {"read": 1, "write": 2, "delete": 1}
        second = {"read": 2, "write": 1, "delete": 2}
        copying = {"third_party_copy_read": 1, "third_party_copy_write": 1}
        root["domains"] = {"lan": first, "wan": first}
        https["domains"] = {"lan": second, "wan": second | copying}
        return [root, https]
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
        rse.add_protocol(site.rse, issuer="root", data=protocol)


def connect(state: State) -> None:
    """Make every site reachable from every other."""
    from rucio.gateway import rse

    from .catalogue import once

    for source in state.sites:
        for destination in state.sites:
            if source != destination:
                once(rse.add_distance, source.rse, destination.rse, issuer="root", distance=1)


def set_limits(state: State) -> None:
    """Give every account its quota, unless somebody has set one."""
    from rucio.gateway.account_limit import get_local_account_limit, set_local_account_limit

    present = {site.rse for site in state.sites}
    for account, limits in LIMITS.items():
        for rse, size in limits.items():
            if rse in present and get_local_account_limit(account, rse)[rse] is None:
                set_local_account_limit(account, rse, size, issuer="root")


def set_cache(state: State) -> None:
    """Have Rucio send clients of the site EDGE to the cache, whatever they read."""
    from rucio.gateway import config

    address = f"{HOST}:{state.ports[XCACHE]}"
    config.set("root-proxy-internal", EDGE, address, issuer="root")


if __name__ == "__main__":
    main()
