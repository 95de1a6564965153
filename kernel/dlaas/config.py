"""Which instances there are, and how they are reached.

Arguments win over the hand-over, that over RUCIO_* variables, RucioConfig JSON and rucio.cfg."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlaas.errors import ConfigurationError, DlaasError, InstanceNotFound, problem
from dlaas.model import LoginMethod, Problem

DAY = 86400
_METHODS: tuple[LoginMethod, ...] = ("userpass", "x509", "x509_proxy", "oidc")
# Never leave this process: neither in a repr, nor in a hand-over, nor to the browser.
_SECRET = frozenset({"password", "password_file", "token", "handover"})

_SAID = {"bool": "true or false", "int": "a whole number", "float": "a number"}
_NOT_NEGATIVE = frozenset({"path_begins_at", "replication_rule_lifetime_days", "request_timeout"})


@dataclass(frozen=True)
class Instance:
    """One Rucio, as configured: the incumbent's keys, and ours.

    `path_begins_at` is the number of leading path components of a PFN to drop before the rest is
    joined to `rse_mount_path`. `replication_rule_lifetime_days` is the default lifetime; None means
    without end. `request_timeout` is in seconds, between two bytes of an answer.
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
        others: tuple[LoginMethod, ...] = ("userpass",) if self.auth_type != "userpass" else ()
        return (self.auth_type, *others)

    def read_password(self) -> str | None:
        """Answer the configured password, from its file where one is named, or None."""
        if self.password or not self.password_file:
            return self.password
        try:
            return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The password file of {self.title} cannot be read ({type(error).__name__})."
            ) from None

    def public(self) -> dict[str, Any]:
        """Answer what may leave this process: what is not the default, and nothing secret."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in _SECRET and getattr(self, f.name) != f.default
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Instance:
        """Read an entry of RucioConfig; raises `ConfigurationError`, which guesses at mistyped
        keys.
        """
        known = {f.name: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in mapping.items():
            if key.startswith("$") or value is None or value == "":
                continue
            if key not in known:
                raise ConfigurationError(_unknown_key(key, known))
            values[key] = _converted(key, value, str(known[key].type))
        _require(values, "name", "The instance has no name.")
        _require(
            values, "rucio_base_url", f"The instance {values['name']!r} has no rucio_base_url."
        )
        for key in ("rucio_base_url", "rucio_auth_url"):
            if key in values:
                values[key] = _checked_url(key, values[key])
        if values.get("auth_type", "userpass") not in _METHODS:
            raise ConfigurationError(
                f"auth_type {values['auth_type']!r} is not one of {', '.join(_METHODS)}."
            )
        for key in _NOT_NEGATIVE & values.keys():
            if not 0 <= values[key] < 1e6:
                raise ConfigurationError(f"{key} {values[key]} is below zero, or too much.")
        if values.get("request_timeout") == 0:
            raise ConfigurationError("A request_timeout of 0 seconds lets nothing be asked.")
        return cls(**values)


def _unknown_key(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f" Do you mean {close[0]!r}?" if close else ""
    return f"{key!r} is not a setting of an instance.{hint}"


def _require(values: Mapping[str, Any], key: str, text: str) -> None:
    if not values.get(key):
        raise ConfigurationError(text)


def _checked_url(key: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        # Brackets that do not match, a port that is no number.
        usable = False
    if not usable:
        raise ConfigurationError(f"{key} {value!r} is not an http or https URL.")
    return value.rstrip("/")


def _converted(key: str, value: Any, kind: str) -> Any:
    """Turn a setting, which may come as text from the environment, into what its field holds."""
    try:
        if kind == "bool":
            return _flag(value)
        if kind.startswith("int"):
            return int(value)
        if kind.startswith("float"):
            return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{key} {value!r} is not {_SAID[kind.split(' ')[0]]}.") from None
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ConfigurationError(f"{key} {value!r} is not a text.")
    return str(value)


def _flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(text)


@dataclass(frozen=True)
class Instances:
    """The instances of a configuration; one that is wrong is a problem and hides no other."""

    instances: Mapping[str, Instance] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    default_name: str | None = None

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def default(self) -> Instance | None:
        """The configured default, else the first."""
        return self.instances.get(self.default_name or "") or next(iter(self), None)

    def get(self, name: str | None = None) -> Instance:
        """Answer an instance, without a name the default; raises `InstanceNotFound`."""
        found = self.default if name is None else self.instances.get(name)
        if found is not None:
            return found
        trouble = self.problems.get(name or self.default_name or "")
        if trouble is not None:
            raise ConfigurationError(trouble.message, remedy=trouble.remedy)
        raise not_found(name, self.instances)


def not_found(name: str | None, known: Mapping[str, Any]) -> InstanceNotFound:
    """Make the error for an instance that nobody configured."""
    if name is None:
        return InstanceNotFound(
            "No Rucio instance is configured here.",
            remedy="Log in in the panel, set RUCIO_CONFIG, or give dlaas.Lake a configuration.",
        )
    there = f" There are: {', '.join(sorted(known))}." if known else ""
    return InstanceNotFound(f"No instance {name!r} is configured here.{there}")


Fetch = Callable[[str], Mapping[str, Any]]


def load_instances(mapping: Mapping[str, Any], *, fetch: Fetch | None = None) -> Instances:
    """Read RucioConfig; `fetch` answers the JSON behind a `$url`, by default over the network."""
    entries = mapping.get("instances") or []
    instances: dict[str, Instance] = {}
    problems: dict[str, Problem] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        name = str(entry.get("name") or number) if isinstance(entry, Mapping) else str(number)
        try:
            instance = _one(mapping, entry, fetch)
            if instance.name in instances:
                raise ConfigurationError(f"Two instances have the name {instance.name!r}.")
            instances[instance.name] = instance
        except DlaasError as error:
            problems[name] = problem(error)
    default = mapping.get("default_instance")
    return Instances(instances, problems, str(default) if default else None)


def _one(mapping: Mapping[str, Any], entry: Any, fetch: Fetch | None) -> Instance:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"An instance is a JSON object, not {type(entry).__name__}.")
    values = dict(entry)
    url = values.pop("$url", None)
    if url:
        from dlaas.sources import fetch_json

        values = {**(fetch or fetch_json)(str(url)), **values}
        values.pop("$url", None)
    if mapping.get("default_auth_type"):
        values.setdefault("auth_type", mapping["default_auth_type"])
    return Instance.from_mapping(values)
