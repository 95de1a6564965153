"""What programs in a terminal find of a login: files that `rucio`, `xrdcp` and `gfal-copy` read.

One folder per instance, 0700, with `rucio.cfg`, Rucio's token, the token for storages and the
proxy, each 0600 and each only while there is one.
"""

from __future__ import annotations

import configparser
import hashlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import private
from dlaas.credentials.tokens import jwt_claims

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials.proxy import Proxy

CONFIG, RUCIO_TOKEN, TOKEN, PROXY = "rucio.cfg", "rucio_token", "token", "proxy"


def folder_of(handover: Path, name: str) -> Path:
    """Name the folder of an instance; rucio takes no percent sign in a path."""
    plain = re.fullmatch(r"[\w.-]{1,80}", name, re.ASCII)
    return handover / f"login-{name if plain else hashlib.sha256(name.encode()).hexdigest()[:16]}"


def write(
    handover: Path,
    instance: Instance,
    account: str | None = None,
    token: str | None = None,
    storage_token: str | None = None,
    proxy: Proxy | None = None,
) -> Path:
    """Write what a login has, take away what it has not, and answer the folder.

    Without a token `rucio.cfg` says where the server is, and no more.
    """
    folder = folder_of(handover, instance.name)
    folder.mkdir(mode=0o700, exist_ok=True)
    # Where storages get a token of their own the login's is not for them, nor for want of it.
    own = token if token and not instance.exchanges and jwt_claims(token) is not None else None
    bearer = storage_token or own
    secrets = {RUCIO_TOKEN: token, TOKEN: bearer, PROXY: proxy.pem if proxy else None}
    for name, text in secrets.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            private.write(folder / name, text)
    values = {
        "rucio_host": instance.rucio_base_url,
        "auth_host": instance.auth_url,
        **({"account": account} if account else {}),
        **named(instance),
        "auth_type": instance.auth_type,
        **(_login(folder, account, token, storage_token, proxy) if token else {}),
    }
    private.write(folder / CONFIG, config_text(values))
    return folder


def _login(
    folder: Path,
    account: str | None,
    token: str,
    storage_token: str | None,
    proxy: Proxy | None,
) -> dict[str, str]:
    kept = {"auth_token_file_path": str(folder / RUCIO_TOKEN)}
    if proxy is not None:
        return {**kept, "auth_type": "x509_proxy", "client_x509_proxy": str(folder / PROXY)}
    if jwt_claims(token) is not None and storage_token is None:
        return {**kept, "auth_type": "oidc"}
    # By "oidc" it would take the storages' token, which it finds first. Thus it takes what is in
    # the file, and without a password it can only say that it is over.
    return {**kept, "auth_type": "userpass", "username": account or "", "password": ""}


def named(instance: Instance) -> dict[str, str]:
    """Answer the lines of rucio.cfg for the files that a configuration names, and for its VO."""
    paths = {
        "ca_cert": instance.rucio_ca_cert,
        "client_cert": instance.client_cert,
        "client_key": instance.client_key,
    }
    found = {name: os.path.abspath(path) for name, path in paths.items() if path}
    return {**found, "vo": instance.vo} if instance.vo else found


def config_text(values: Mapping[str, str]) -> str:
    """Write a `rucio.cfg` with these lines for the client."""
    parser = configparser.ConfigParser(interpolation=None)
    # rucio takes a single % for the name of another line.
    doubled = {key: value.replace("%", "%%") for key, value in values.items()}
    parser["client"] = {**doubled, "request_retries": "3"}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
