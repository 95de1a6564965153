"""What clients of the lake need: for a shell, and for the server extension's configuration."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from .errors import LakeError
from .rucio_side.lakeside.layout import ACCOUNTS, HOST, SITES, Layout, Site, State

NAME = "lake"
# What Rucio calls the lake's identity provider, and our client there.
ISSUER, CLIENT = "lake", "jupyter"
LIFETIME_DAYS = 14
MOUNTED = next(site for site in SITES if site.mounted)
UPLOADS = SITES[0]


def path_begins_at(layout: Layout, site: Site) -> int:
    """How many leading components of a PFN's path to drop before joining the rest to the mount."""
    return len([part for part in unquote(layout.prefix(site)).split("/") if part])


def environment(layout: Layout, state: State, account: str) -> dict[str, str]:
    """Environment variables with which the genuine rucio command and dlaas are `account`."""
    _check(account)
    folder = layout.client(account)
    result = {
        "RUCIO_CONFIG": str(folder / "rucio.cfg"),
        "RUCIO_ACCOUNT": account,
        "RUCIO_NAME": NAME,
        "RUCIO_DESTINATION_RSE": MOUNTED.rse,
        "RUCIO_RSE_MOUNT_PATH": str(layout.mount / MOUNTED.service),
        "RUCIO_PATH_BEGINS_AT": str(path_begins_at(layout, MOUNTED)),
        "RUCIO_SITE_NAME": MOUNTED.site,
        "RUCIO_UPLOAD_RSE": UPLOADS.rse,
        "RUCIO_REPLICATION_RULE_LIFETIME_DAYS": str(LIFETIME_DAYS),
        "RUCIO_WILDCARD_ENABLED": "1",
        # With it the genuine client reads and writes the https sites.
        "X509_USER_PROXY": str(folder / "identity.pem"),
    }
    if state.xrootd:
        result["X509_USER_PROXY"] = str(layout.proxy(account))
        result["X509_CERT_DIR"] = str(layout.authorities)
    return result


def instance(layout: Layout, state: State, account: str, login: bool) -> dict[str, Any]:
    """The lake as an instance of RucioConfig; its secrets stay in the 0600 files that it names."""
    _check(account)
    folder = layout.client(account)
    url = f"https://{HOST}:{state.ports['rucio']}"
    entry: dict[str, Any] = {
        "name": NAME,
        "display_name": "Demonstration lake",
        "rucio_base_url": url,
        "rucio_auth_url": url,
        "rucio_ca_cert": str(layout.ca),
        "site_name": MOUNTED.site,
        "mode": "replica",
        "destination_rse": MOUNTED.rse,
        "rse_mount_path": str(layout.mount / MOUNTED.service),
        "path_begins_at": path_begins_at(layout, MOUNTED),
        "replication_rule_lifetime_days": LIFETIME_DAYS,
        "wildcard_enabled": True,
        "auth_type": "userpass",
        "account": account,
        "username": account,
        "password_file": str(folder / "password"),
        "client_cert": str(folder / "cert.pem"),
        "client_key": str(folder / "key.pem"),
        "upload_rse": UPLOADS.rse,
    }
    if state.xrootd:
        entry["client_cert"] = entry["client_key"] = str(layout.proxy(account))
    if state.oidc:
        entry |= {
            "login_methods": ["oidc", "device", "userpass", "x509"],
            "oidc_issuer": ISSUER,
            "oidc_provider_url": state.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret_file": str(layout.secret(CLIENT)),
        }
    if not login:
        del entry["password_file"]
    return entry


def _check(account: str) -> None:
    if account not in ACCOUNTS:
        raise LakeError(f"The lake has no account {account}; it has {', '.join(ACCOUNTS)}.")
