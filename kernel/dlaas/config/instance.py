"""One Rucio, as configured."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, cast

from dlaas.config.settings import checked_url, converted, likely, unknown
from dlaas.errors import ConfigurationError
from dlaas.logins import LoginMethod

DAY = 86400
# What makes a token work on storages too, and what lets it be renewed.
OIDC_SCOPE = "openid profile offline_access storage.read:/ storage.modify:/ storage.create:/"
_METHODS: tuple[LoginMethod, ...] = ("userpass", "x509", "x509_proxy", "oidc")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "auth_type": _METHODS,
    "oidc_auth": ("env", "file", "hub"),
    "login_methods": (*_METHODS, "device"),
}
_URLS = ("rucio_base_url", "rucio_auth_url", "rucio_webui_url", "oidc_provider_url", "oidc_hub_url")
# Never leave this process: neither in a repr, nor in a hand-over, nor to the browser.
_SECRET = frozenset({"password", "password_file", "token", "handover", "oidc_client_secret_file"})

# How the names of settings end that are paths.
_PATHS = ("_path", "_cert", "_key", "_file", "_file_name", "_folder")
_NOT_NEGATIVE = frozenset(
    {
        "path_begins_at",
        "replication_rule_lifetime_days",
        "request_timeout",
        "oidc_refresh_lifetime",
    }
)


@dataclass(frozen=True)
class Instance:
    """One Rucio, as configured: the keys of rucio-jupyterlab, and ours.

    `path_begins_at` is the number of leading path components of a PFN to drop before the rest is
    joined to `rse_mount_path`. `replication_rule_lifetime_days` is the default lifetime; None means
    without end. `request_timeout` is in seconds, between two bytes of an answer.

    `preferred_rses`, `blocked_rses`, `preferred_sites` and `blocked_sites` say where copies are
    read first, and where never; `embargoed_scopes` holds patterns of scopes whose files are never
    cached in a folder that others can read. Each is a list, or a text with commas. `cache_folder`
    is where downloads without a folder of their own go. A path may begin with `~`.

    `activities` are Rucio's, for people to choose from when they have data made available.

    `login_methods` is what the panel offers; without it, what the other keys allow. `oidc_issuer`
    and `oidc_issuers` are names that Rucio gives its providers, `oidc_refresh_lifetime` is in
    hours. `oidc_provider_url` (the issuer) and `oidc_client_id` are for what is asked of the
    provider itself: the device flow, and the exchange for a token of `oidc_storage_scope` and
    `oidc_storage_audience` that storages are shown instead of Rucio's.
    """

    name: str
    rucio_base_url: str
    rucio_auth_url: str = ""
    display_name: str = ""
    rucio_webui_url: str | None = None
    rucio_ca_cert: str | None = None
    app_id: str | None = None
    site_name: str | None = None
    vo: str | None = None
    voms_enabled: bool = False
    voms_vomses_path: str | None = None
    voms_certdir_path: str | None = None
    voms_vomsdir_path: str | None = None
    mode: str = "replica"
    destination_rse: str | None = None
    rse_mount_path: str | None = None
    path_begins_at: int = 0
    replication_rule_lifetime_days: float | None = None
    wildcard_enabled: bool = False
    oidc_auth: str | None = None
    oidc_env_name: str | None = None
    oidc_file_name: str | None = None
    cache_expires_at: float | None = None
    auth_type: LoginMethod = "userpass"
    account: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    upload_rse: str | None = None
    token: str | None = field(default=None, repr=False)
    request_timeout: float = 60.0
    preferred_rses: tuple[str, ...] = ()
    blocked_rses: tuple[str, ...] = ()
    preferred_sites: tuple[str, ...] = ()
    blocked_sites: tuple[str, ...] = ()
    cache_folder: str | None = None
    embargoed_scopes: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    login_methods: tuple[str, ...] = ()
    oidc_issuer: str | None = None
    oidc_issuers: tuple[str, ...] = ()
    oidc_scope: str = OIDC_SCOPE
    oidc_audience: str = "rucio https://wlcg.cern.ch/jwt/v1/any"
    oidc_refresh_lifetime: int | None = None
    oidc_hub_url: str | None = None
    oidc_provider_url: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret_file: str | None = None
    oidc_storage_scope: str | None = None
    oidc_storage_audience: str | None = None
    handover: str | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.display_name or self.name

    @property
    def auth_url(self) -> str:
        """Where one logs in."""
        return self.rucio_auth_url or self.rucio_base_url

    @property
    def default_lifetime(self) -> int | None:
        """How long data is made available when nobody says, in seconds; None means without end."""
        days = self.replication_rule_lifetime_days
        return int(days * DAY) if days else None

    @property
    def methods(self) -> tuple[LoginMethod, ...]:
        """The ways to log in, the configured one first."""
        if self.login_methods:
            return cast("tuple[LoginMethod, ...]", self.login_methods)
        found: list[LoginMethod] = [self.auth_type]
        if self.auth_type == "x509_proxy" or self.client_cert:
            found.append("x509")
        if self.oidc_issuer or self.oidc_issuers:
            found.append("oidc")
        if self.has_provider:
            found.append("device")
        return tuple(dict.fromkeys([*found, "userpass"]))

    @property
    def issuers(self) -> tuple[str, ...]:
        """The providers to choose from, as Rucio names them, the usual one first."""
        usual = (self.oidc_issuer,) if self.oidc_issuer else ()
        return tuple(dict.fromkeys([*usual, *self.oidc_issuers]))

    @property
    def has_provider(self) -> bool:
        """Tell whether the provider itself can be asked."""
        return bool(self.oidc_provider_url and self.oidc_client_id)

    @property
    def exchanges(self) -> bool:
        """Tell whether storages are shown a token of their own instead of the login's."""
        return self.has_provider and bool(self.oidc_storage_scope or self.oidc_storage_audience)

    def read_password(self) -> str | None:
        """Answer the configured password, from its file where one is named, or None."""
        if self.password or not self.password_file:
            return self.password
        return self._read_secret("password", self.password_file)

    def read_client_secret(self) -> str | None:
        """Answer the secret of our client at the provider; None for a client without one."""
        if not self.oidc_client_secret_file:
            return None
        return self._read_secret("client secret's", self.oidc_client_secret_file)

    def _read_secret(self, what: str, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The {what} file of {self.title} cannot be read ({type(error).__name__})."
            ) from None

    def public(self) -> dict[str, Any]:
        """Answer what may leave this process: what is not the default, and nothing secret."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in _SECRET and getattr(self, f.name) != f.default
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # No secret goes into a pickle: whoever reads it has a login of its own.
        return partial(Instance, **self.public()), ()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Instance:
        """Read an entry of RucioConfig; raises `ConfigurationError`, which guesses at mistyped
        keys.
        """
        # A hand-over is nothing that a person or a `$url` says.
        known = {f.name: f for f in fields(cls) if f.name != "handover"}
        values: dict[str, Any] = {}
        for key, value in ((str(key), value) for key, value in mapping.items()):
            if key.startswith("$") or value is None or value == "":
                continue
            if key not in known:
                raise ConfigurationError(unknown(key, known, "an instance"))
            values[key] = converted(key, value, str(known[key].type))
            if key.endswith(_PATHS):
                values[key] = os.path.expanduser(values[key])
        _require(values, "name", "The instance has no name.")
        _require(
            values, "rucio_base_url", f"The instance {values['name']!r} has no rucio_base_url."
        )
        for key in _URLS:
            if key in values:
                values[key] = checked_url(key, values[key])
        for key in _CHOICES.keys() & values.keys():
            chosen = values[key]
            for one in chosen if isinstance(chosen, tuple) else (chosen,):
                _require_choice(key, one)
        for key in _NOT_NEGATIVE & values.keys():
            if not 0 <= values[key] < 1e6:
                raise ConfigurationError(f"{key} {values[key]} is below zero, or too much.")
        if values.get("request_timeout") == 0:
            raise ConfigurationError("A request_timeout of 0 seconds lets nothing be asked.")
        return cls(**values)


def _require(values: Mapping[str, Any], key: str, text: str) -> None:
    if not values.get(key):
        raise ConfigurationError(text)


def _require_choice(key: str, value: str) -> None:
    if value not in _CHOICES[key]:
        meant = likely(value.lower(), _CHOICES[key])
        raise ConfigurationError(
            f"{key} {value!r} is not one of {', '.join(_CHOICES[key])}."
            f"{f' Do you mean {meant!r}?' if meant else ''}"
        )
