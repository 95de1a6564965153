"""Which instances there are, and how they are reached.

Arguments win over the hand-over, that over RUCIO_* variables, RucioConfig JSON and rucio.cfg."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from dlaas import errors
from dlaas.config.settings import checked_url, converted, likely, unknown
from dlaas.errors import ConfigurationError, DlaasError, InstanceNotFound, problem
from dlaas.model import LoginMethod, Problem

DAY = 86400
_METHODS: tuple[LoginMethod, ...] = ("userpass", "x509", "x509_proxy", "oidc")
_CHOICES: Mapping[str, tuple[str, ...]] = {"auth_type": _METHODS, "oidc_auth": ("env", "file")}
# Never leave this process: neither in a repr, nor in a hand-over, nor to the browser.
_SECRET = frozenset({"password", "password_file", "token", "handover"})

# How the names of settings end that are paths.
_PATHS = ("_path", "_cert", "_key", "_file", "_file_name", "_folder")
_NOT_NEGATIVE = frozenset({"path_begins_at", "replication_rule_lifetime_days", "request_timeout"})


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
        for key in ("rucio_base_url", "rucio_auth_url"):
            if key in values:
                values[key] = checked_url(key, values[key])
        for key in _CHOICES.keys() & values.keys():
            _require_choice(key, values[key])
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


@dataclass(frozen=True)
class Instances:
    """The instances of a configuration; one that is wrong is a problem and hides no other.

    `warnings` are sentences about what works and yet is not as somebody meant it.
    """

    instances: Mapping[str, Instance] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    default_name: str | None = None
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def default(self) -> Instance | None:
        """The configured default, else the first."""
        return self.instances.get(self.default_name or "") or next(iter(self), None)

    def get(self, name: str | None = None) -> Instance:
        """Answer an instance, without a name the default; raises `InstanceNotFound`, or what is
        wrong with it.

        A default that is wrong is an error too: another lake must not take its place unseen.
        """
        found = self.instances.get(name or self.default_name or "")
        if found is not None:
            return found
        trouble = self.problems.get(name or self.default_name or "")
        if trouble is None and name is None:
            found = self.default
            trouble = next(iter(self.problems.values()), None)
        if found is not None:
            return found
        if trouble is not None:
            raise _error(trouble)
        raise not_found(name, self.instances)


def _error(trouble: Problem) -> DlaasError:
    """Make the error again that a problem tells of: a network that is down stays the network's."""
    kind: type[DlaasError] = getattr(errors, trouble.error, ConfigurationError)
    return kind(
        trouble.message, remedy=trouble.remedy, blame=trouble.blame, details=trouble.details
    )


def not_found(name: str | None, known: Mapping[str, Any]) -> InstanceNotFound:
    """Make the error for an instance that nobody configured."""
    if name is None:
        return InstanceNotFound(
            "No Rucio instance is configured here.",
            remedy="Log in in the panel, set RUCIO_CONFIG, or give dlaas.Lake a configuration.",
        )
    there = f" There are: {', '.join(sorted(known))}." if known else ""
    meant = likely(name, known, cutoff=0.6)
    hint = f" Do you mean {meant!r}?" if meant else ""
    return InstanceNotFound(f"No instance {name!r} is configured here.{hint}{there}")


_TOP = ("instances", "default_instance", "default_auth_type", "log_level")


def load_instances(mapping: Mapping[str, Any], *, again: float = 0.0) -> Instances:
    """Read RucioConfig; a `$url` that was asked less than `again` seconds ago is not asked now."""
    entries = mapping.get("instances") or []
    entries = entries if isinstance(entries, list) else [entries]
    _ask_all(entries, again)
    instances: dict[str, Instance] = {}
    problems: dict[str, Problem] = {}
    warnings = [unknown(str(key), _TOP, "RucioConfig") for key in mapping if key not in _TOP]
    for number, entry in enumerate(entries):
        name = str(entry.get("name") or number) if isinstance(entry, Mapping) else str(number)
        try:
            instance, said = _one(entry, mapping.get("default_auth_type"))
            if instance.name in instances:
                raise ConfigurationError(f"Two instances have the name {instance.name!r}.")
            instances[instance.name] = instance
            warnings += [f"{name}: {text}" for text in said]
        except DlaasError as error:
            problems[name] = problem(error)
    default = mapping.get("default_instance")
    if default and str(default) not in {*instances, *problems}:
        warnings.append(f"default_instance: {not_found(str(default), instances).message}")
    return Instances(instances, problems, str(default) if default else None, tuple(warnings))


def _ask_all(entries: list[Any], again: float) -> None:
    """Ask for all that is published before the first answer is waited for."""
    urls = [str(e["$url"]) for e in entries if isinstance(e, Mapping) and e.get("$url")]
    if urls:
        from dlaas.config.published import ask

        for url in urls:
            ask(url, again)


def _one(entry: Any, auth_type: Any) -> tuple[Instance, list[str]]:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"An instance is a JSON object, not {type(entry).__name__}.")
    base = {"auth_type": auth_type} if auth_type else {}
    if not entry.get("$url"):
        return Instance.from_mapping({**base, **entry}), []
    from dlaas.config.published import read

    checked_url("$url", str(entry["$url"]))
    known = {f.name for f in fields(Instance)}

    def make(content: Mapping[str, Any]) -> tuple[Instance, list[str]]:
        # Whoever publishes it may know a newer version than ours: no reason to go without.
        foreign = [key for key in content if key not in known and not key.startswith("$")]
        published = {key: value for key, value in content.items() if key in known}
        instance = Instance.from_mapping({**base, **published, **entry})
        return instance, [unknown(key, known, "an instance") for key in foreign]

    (instance, said), warning = read(str(entry["$url"]), make)
    return instance, [*said, *([warning] if warning else [])]
