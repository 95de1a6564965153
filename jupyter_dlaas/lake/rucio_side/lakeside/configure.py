"""The configuration files of the server and of its clients, with their random passwords."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from . import database, identity_provider, pki
from .layout import ACCOUNTS, HOST, SITES, Layout, State, write_private

ALEMBIC = """\
[alembic]
script_location = rucio.db.sqla:migrate_repo
sqlalchemy.url = {url}

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARN
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(levelname)s %(name)s %(message)s
"""

Sections = dict[str, dict[str, str]]


def ensure(layout: Layout, state: State) -> None:
    """Write every configuration file anew; passwords stay what they are."""
    for account in ACCOUNTS:
        folder = layout.client(account)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "password").exists():
            write_private(folder / "password", secrets.token_urlsafe(18) + "\n")
        write_private(folder / "rucio.cfg", _render(_client(layout, state, account)))
    layout.etc.mkdir(mode=0o700, exist_ok=True)
    url = database.url(layout, state).replace("%", "%%")
    write_private(layout.etc / "alembic.ini", ALEMBIC.format(url=url))
    if state.oidc:
        identity_provider.configure(layout, state)
    write_private(layout.config, _render(_server(layout, state)))


def _server(layout: Layout, state: State) -> Sections:
    policy = {"permission": "generic", "schema": "generic", "lfn2pfn_algorithm_default": "hash"}
    if state.policy == "lake":
        policy["package"] = "lakeside.policy"
    return {
        "common": {
            "logdir": str(layout.logs),
            "loglevel": "WARNING",
            # Rucio's own, from its wheel: without them no rule can wait for approval.
            "mailtemplatedir": str(Path(sys.prefix) / "rucio" / "etc" / "mail_templates"),
        },
        "database": {"default": database.url(layout, state)},
        "alembic": {"cfg": str(layout.etc / "alembic.ini")},
        "bootstrap": {
            "userpass_identity": "root",
            "userpass_pwd": layout.password("root"),
            "userpass_email": "root@localhost",
            "x509_identity": pki.subject("root"),
            "x509_email": "root@localhost",
        },
        # Port 1 answers nobody: a memcached that runs here by chance must not be shared.
        "cache": {"url": "127.0.0.1:1"},
        "policy": policy,
        **({"oidc": identity_provider.section(layout)} if state.oidc else {}),
        # Where files of open data are to be read: at the sites that let anybody.
        "opendata": {"rse_expression": "|".join(site.rse for site in SITES)},
        # No multi-hop transfers: every site reaches every other.
        "transfers": {"multihop_rse_expression": ""},
        "conveyor": {
            "transfertool": "fts3",
            "scheme": "https",
            "usercert": str(layout.pki / "robot.pem"),
            "cacert": str(layout.ca),
            "submit_timeout": "30",
        },
    }


def _client(layout: Layout, state: State, account: str) -> Sections:
    folder = layout.client(account)
    url = f"https://{HOST}:{state.ports['rucio']}"
    return {
        "client": {
            "rucio_host": url,
            "auth_host": url,
            "ca_cert": str(layout.ca),
            "auth_type": "userpass",
            "username": account,
            "password": layout.password(account),
            "account": account,
            "client_cert": str(folder / "cert.pem"),
            "client_key": str(folder / "key.pem"),
            "client_x509_proxy": str(
                layout.proxy(account) if state.xrootd else folder / "identity.pem"
            ),
            "auth_token_file_path": str(folder / "token"),
            "request_retries": "3",
            "timeout": "60",
        },
        "policy": {
            "permission": "generic",
            "schema": "generic",
            "lfn2pfn_algorithm_default": "hash",
        },
    }


def _render(sections: Sections) -> str:
    lines = []
    for section, options in sections.items():
        # Rucio reads its configuration with interpolation: a lone % would be an error.
        options = {key: value.replace("%", "%%") for key, value in options.items()}
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in options.items()), ""]
    return "\n".join(lines)
