"""Where everything of one lake lies on disk, and what is decided once when it is created."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

FORMAT = 1
"""Raised when an existing lake can no longer be read by this version."""

PREPARATION = 4
"""Raised when `bootstrap` does more or otherwise than before, so that existing lakes are brought up
to it.
"""

HOST = "localhost"
ACCOUNTS = ("root", "alice", "bob")
USERS = ("alice", "bob")
# An account of a group, as which alice can act too.
GROUP = "higgs"
WLCG_ANY = "https://wlcg.cern.ch/jwt/v1/any"
# The identity provider; only in lakes on machines with Node.js.
PROVIDER = "provider"


@dataclass(frozen=True)
class Site:
    """One storage site: an RSE, the folder behind it and the service in front of it.

    `server` is the module of Rucio's side that serves it: webdav or xrootd.
    """

    service: str
    rse: str
    site: str
    qos: str
    mounted: bool = False
    server: str = "webdav"


SITES = (
    Site("north", "NORTH-DISK", "NORTH", "SAFE"),
    Site("south", "SOUTH-DISK", "SOUTH", "CHEAP-ANALYSIS"),
    Site("notebook", "NOTEBOOK-MOUNT", "CAMPUS", "FAST", mounted=True),
)
# Only in lakes that were asked for it: it needs XRootD on the machine.
EAST = Site("east", "EAST-DISK", "EAST", "OPPORTUNISTIC", server="xrootd")
# Its cache for clients at this site, which has no storage of its own.
XCACHE, EDGE = "xcache", "EDGE"


@dataclass(frozen=True)
class State:
    """What was decided when the lake was created; `prepared` grows as it is made ready."""

    db: str = "sqlite"
    policy: str = "lake"
    xrootd: bool = False
    oidc: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    prepared: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def sites(self) -> tuple[Site, ...]:
        """The storage sites of this lake."""
        return (*SITES, EAST) if self.xrootd else SITES

    @property
    def listening(self) -> tuple[str, ...]:
        """The services that have a port."""
        caches = (XCACHE,) if self.xrootd else ()
        providers = (PROVIDER,) if self.oidc else ()
        return ("rucio", "fts", *(site.service for site in self.sites), *caches, *providers)

    @property
    def issuer(self) -> str:
        """The `iss` of the lake's tokens: its identity provider, else a name that is nobody's."""
        return f"https://{HOST}:{self.ports[PROVIDER]}/" if self.oidc else "https://lake.invalid/"

    def wanted(self) -> dict[str, Any]:
        """What the catalogue must have been prepared for before the services may start."""
        return {"preparation": PREPARATION, "ports": self.ports, "oidc": self.oidc}


@dataclass(frozen=True)
class Layout:
    """The paths of one lake."""

    directory: Path

    def __getattr__(self, name: str) -> Path:
        if name in {"etc", "db", "pki", "clients", "storage", "mount", "logs", "run"}:
            return self.directory / name
        raise AttributeError(name)

    @property
    def state_file(self) -> Path:
        return self.directory / "state.json"

    @property
    def ca(self) -> Path:
        return self.pki / "ca.pem"

    @property
    def authorities(self) -> Path:
        """The folder of authorities as grid tools look them up: X509_CERT_DIR."""
        return self.pki / "authorities"

    @property
    def config(self) -> Path:
        return self.etc / "rucio.cfg"

    def client(self, account: str) -> Path:
        return self.clients / account

    def password(self, account: str) -> str:
        return (self.client(account) / "password").read_text().strip()

    def secret(self, name: str) -> Path:
        """The file with the secret of one of the identity provider's clients."""
        return self.pki / f"{name}.secret"

    def proxy(self, account: str) -> Path:
        """An account's lasting proxy, in lakes with XRootD: over root:// nothing else is taken."""
        return self.client(account) / "proxy.pem"

    @property
    def token_lifetime(self) -> Path:
        return self.run / "token.lifetime"

    def ready_file(self, service: str) -> Path:
        return self.run / f"{service}.ready"

    def hold_file(self, service: str) -> Path:
        return self.run / f"{service}.hold"

    def log_file(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def store(self, site: Site) -> Path:
        """The folder that holds the site's files."""
        folder = self.storage / site.service
        # XRootD serves paths below a root of its own: its prefix is a folder.
        return folder / "store" if site.server == "xrootd" else folder

    def incoming(self, site: Site) -> Path:
        """Where uploads wait until they are whole: on the same disk, outside the site's tree."""
        return self.storage / f".{site.service}-incoming"

    def prefix(self, site: Site) -> str:
        """The site's prefix in https PFNs, quoted for URLs; it begins and ends with a slash.

        A mounted site has the mount's own path, as EOS has, so that one `path_begins_at` fits
        the PFNs of every scheme.
        """
        return quote(f"{self.mount / site.service}/") if site.mounted else "/store/"

    def load(self) -> State | None:
        """The lake's state, or None where none is; raises ValueError for another format."""
        try:
            content = json.loads(self.state_file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        if content.get("format") != FORMAT:
            raise ValueError(f"{self.state_file} has format {content.get('format')}, not {FORMAT}")
        return State(**content)

    def save(self, state: State) -> None:
        write_private(self.state_file, json.dumps(asdict(state), indent=2) + "\n")

    def note_prepared(self, state: State) -> State:
        """Record that the catalogue is ready for what `state` wants."""
        done = replace(state, prepared=state.wanted())
        self.save(done)
        return done


def write_private(path: Path, text: str | bytes) -> None:
    """Write a file that only its owner can read, as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    temporary.replace(path)
