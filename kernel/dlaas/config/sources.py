"""Where configuration is found: hand-over, environment, Jupyter's folders, rucio.cfg."""

from __future__ import annotations

import configparser
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from dlaas import handover
from dlaas.config import Instance, Instances, load_instances, not_found
from dlaas.config.settings import likely
from dlaas.errors import ConfigurationError, InstanceNotFound, problem

# Variables of the hub images whose names are not `RUCIO_` and the key; the others, which win, are.
_VARIABLES = {
    "RUCIO_BASE_URL": "rucio_base_url",
    "RUCIO_AUTH_URL": "rucio_auth_url",
    "RUCIO_WEBUI_URL": "rucio_webui_url",
    "RUCIO_CA_CERT": "rucio_ca_cert",
    "RUCIO_DEFAULT_AUTH_TYPE": "auth_type",
    "RUCIO_CLIENT_PROXY": "client_cert",
}
_NOT_IN_VARIABLES = frozenset({*_VARIABLES.values(), "password", "token", "handover"}) - {
    "auth_type",
    "client_cert",
}
_VARIABLES |= {
    f"RUCIO_{f.name.upper()}": f.name for f in fields(Instance) if f.name not in _NOT_IN_VARIABLES
}
# Others that belong there: of hub images and of rucio-clients.
_OTHERS = (
    "RUCIO_CONFIG RUCIO_HOME RUCIO_DEFAULT_INSTANCE RUCIO_LOG_LEVEL RUCIO_OAUTH_ID"
    " RUCIO_ACCESS_TOKEN RUCIO_CLIENT_MODE RUCIO_LOGGING_FORMAT RUCIO_POLICY_PACKAGE"
    " RUCIO_LATITUDE RUCIO_LONGITUDE SWAN_USE_RUCIO"
)
_SWAN = {
    "SWAN_RUCIO_INSTANCE": "name",
    "SWAN_RUCIO_RSE": "destination_rse",
    "SWAN_RUCIO_RSE_PATH": "rse_mount_path",
    "SWAN_RUCIO_RSE_PATH_BEGINS_AT": "path_begins_at",
}
# rucio.cfg's words for ours.
_CFG = {
    "rucio_host": "rucio_base_url",
    "auth_host": "rucio_auth_url",
    "ca_cert": "rucio_ca_cert",
}
_CFG |= {
    key: key
    for key in (
        *("auth_type", "account", "vo", "username", "password", "client_cert", "client_key"),
        *("oidc_issuer", "oidc_scope", "oidc_audience", "oidc_refresh_lifetime"),
    )
}


# Seconds after which a `$url` is asked again in this process.
_AGAIN = 300.0
_log = logging.getLogger("dlaas")
_told: set[str] = set()


def find_instance(name: str | None = None) -> Instance:
    """Find an instance, without a name the default one, where the first source that has it wins.

    `RUCIO_DEFAULT_INSTANCE` names the default one of what is configured. Raises `InstanceNotFound`
    when no source has it, and what is wrong with it (`ConfigurationError`, `Unreachable`) when the
    one that has it is wrong. What is not as somebody meant it is logged once as a warning.
    """
    wanted = name or _default_name()
    if wanted is not None and name is None:
        try:
            return _first(wanted)
        except InstanceNotFound as error:
            _warn([f"RUCIO_DEFAULT_INSTANCE: {error.message}"])
    return _first(name)


def _first(name: str | None) -> Instance:
    known: dict[str, Instance] = {}
    for found in _sources(name):
        _warn(found.warnings)
        if len(found) or found.problems:
            try:
                return found.get(name)
            except InstanceNotFound:
                known.update(found.instances)
    raise not_found(name, known)


def _default_name() -> str | None:
    """Name the default instance that the environment chooses; a hand-over knows better."""
    return None if handover.find() else os.environ.get("RUCIO_DEFAULT_INSTANCE") or None


def _warn(warnings: Iterable[str]) -> None:
    for text in warnings:
        if text not in _told:
            _told.add(text)
            _log.warning("%s", text)


def _sources(name: str | None) -> Iterator[Instances]:
    handed = from_handover()
    # Where nobody is logged in to the default one another must not take its place unseen.
    if name or handed.default_name in (None, *handed.instances):
        yield handed
    yield from_environment(os.environ)
    yield from_section(jupyter_config(), os.environ, again=_AGAIN)
    yield from_cfg(_default_cfg())
    yield from_handover(logged_in=False)


_CHOOSING = (
    "DLAAS_HANDOVER",
    "JPY_PARENT_PID",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_CONFIG_PATH",
    "RUCIO_BASE_URL",
    "RUCIO_CONFIG",
    "RUCIO_DEFAULT_INSTANCE",
    "RUCIO_HOME",
    "RUCIO_NAME",
    "SWAN_RUCIO_INSTANCE",
    "SWAN_USE_RUCIO",
)


def variables() -> Mapping[str, str]:
    """Answer which environment variable says which key of an instance."""
    return _VARIABLES


def choosing() -> tuple[str | None, ...]:
    """Answer what in this process decides which instance is the default one."""
    return tuple(map(os.environ.get, _CHOOSING))


def from_handover(logged_in: bool = True) -> Instances:
    """Answer the instances that the Jupyter server above this process handed over: those where
    somebody is logged in, or the others.
    """
    folder = handover.find()
    if folder is None:
        return Instances()
    entries = list(handover.read_all(folder))
    instances = {e.instance.name: e.instance for e in entries if (e.token is not None) is logged_in}
    default = next((entry.instance.name for entry in entries if entry.default), None)
    return Instances(instances, {}, default)


def from_environment(environ: Mapping[str, str]) -> Instances:
    """Answer the instance that RUCIO_* variables and the rucio.cfg they name describe."""
    values = {key: environ[name] for name, key in _VARIABLES.items() if environ.get(name)}
    if environ.get("SWAN_USE_RUCIO"):
        values |= {key: environ[name] for name, key in _SWAN.items() if environ.get(name)}
    warnings = _misspelt(environ)
    try:
        merged = {**_named_cfg(environ), **values}
    except ConfigurationError as error:
        name = values.get("name", "default")
        return Instances(problems={name: problem(error)}, warnings=warnings)
    if "rucio_base_url" not in merged:
        return Instances(warnings=warnings)
    merged.setdefault("name", "default")
    if environ.get("X509_USER_PROXY"):
        # The grid's tools leave it there; storages want it where Rucio itself takes a password or
        # token.
        merged.setdefault("client_cert", environ["X509_USER_PROXY"])
    return replace(load_instances({"instances": [merged]}), warnings=warnings)


def _named_cfg(environ: Mapping[str, str]) -> dict[str, str]:
    if environ.get("RUCIO_CONFIG"):
        return _read_cfg(Path(environ["RUCIO_CONFIG"]))
    path = Path(environ.get("RUCIO_HOME", "")) / "etc" / "rucio.cfg"
    return _read_cfg(path) if environ.get("RUCIO_HOME") and path.is_file() else {}


def _misspelt(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Warn of variables that nobody reads and that look like one that is read."""
    known = {*_VARIABLES, *_SWAN, *_OTHERS.split()}
    foreign = [n for n in environ if n.startswith(("RUCIO_", "SWAN_RUCIO_")) and n not in known]
    guesses = {name: likely(name, known, cutoff=0.88) for name in sorted(foreign)}
    return tuple(
        f"The environment variable {name} is not read. Do you mean {meant}?"
        for name, meant in guesses.items()
        if meant
    )


def from_section(
    section: Mapping[str, Any], environ: Mapping[str, str], *, again: float = 0.0
) -> Instances:
    """Answer the instances of RucioConfig, with what the user chose in SWAN's form."""
    chosen = environ.get("SWAN_RUCIO_INSTANCE", "").lower()
    entries = section.get("instances")
    if environ.get("SWAN_USE_RUCIO") and chosen and isinstance(entries, list):
        told = {key: environ[name] for name, key in _SWAN.items() if environ.get(name)}
        for number, entry in enumerate(entries):
            # The form writes names in small letters.
            if isinstance(entry, Mapping) and str(entry.get("name")).lower() == chosen:
                bent = [*entries]
                bent[number] = {**entry, **told, "name": entry["name"]}
                section = {**section, "instances": bent, "default_instance": entry["name"]}
    return load_instances(section, again=again)


def _default_cfg() -> Path | None:
    prefixes = [os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    places = [Path(prefix) / "etc" / "rucio.cfg" for prefix in prefixes if prefix]
    return next((p for p in [*places, Path("/opt/rucio/etc/rucio.cfg")] if p.is_file()), None)


def from_cfg(path: Path | None) -> Instances:
    """Answer the instance that a rucio.cfg describes, under the name `default`."""
    try:
        values = _read_cfg(path) if path else {}
    except ConfigurationError as error:
        return Instances(problems={"default": problem(error)})
    if "rucio_base_url" not in values:
        return Instances()
    return load_instances({"instances": [{"name": "default", **values}]})


def _read_cfg(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser()
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        # The parser's own text quotes lines of the file, and a password may be in one.
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).") from None
    client = _as_rucio_reads(parser["client"]) if parser.has_section("client") else {}
    values = {ours: client[theirs].strip() for theirs, ours in _CFG.items() if client.get(theirs)}
    if values.get("auth_type") == "oidc" and client.get("auth_token_file_path"):
        # Where a hub puts the token that it keeps fresh.
        values |= {"oidc_auth": "file", "oidc_file_name": client["auth_token_file_path"].strip()}
    proxy = client.get("client_x509_proxy")
    if proxy and (values.get("auth_type") == "x509_proxy" or "client_cert" not in values):
        # A proxy is certificate and key in one file.
        values["client_cert"] = values["client_key"] = proxy.strip()
    for key in ("rucio_ca_cert", "client_cert", "client_key", "oidc_file_name"):
        if key in values:
            values[key] = os.path.abspath(os.path.expanduser(os.path.expandvars(values[key])))
    return values


def _as_rucio_reads(section: configparser.SectionProxy) -> dict[str, str]:
    """Answer the settings of a section, in which `%%` is a percent sign, as for Rucio itself."""
    values = {}
    for key in section:
        try:
            values[key] = section[key]
        except configparser.InterpolationError:
            # A password with a percent sign of its own: Rucio would fail on it.
            values[key] = section.get(key, fallback="", raw=True)
    return values


def jupyter_config() -> dict[str, Any]:
    """Answer `RucioConfig` as a Jupyter server on this machine would read it."""
    merged: dict[str, Any] = {}
    for folder in reversed(_jupyter_folders()):
        parts = sorted((folder / "jupyter_server_config.d").glob("*.json"))
        for path in [*parts, folder / "jupyter_server_config.json"]:
            try:
                text = path.read_text(encoding="utf-8")
                content = json.loads(text)
            except OSError:
                # Another tool's file may be unreadable; ours is found or not.
                continue
            except ValueError as error:
                if isinstance(error, json.JSONDecodeError) and "RucioConfig" in text:
                    _warn([f"{path} is not read: in line {error.lineno} it is no JSON."])
                continue
            found = content.get("RucioConfig") if isinstance(content, dict) else None
            if isinstance(found, dict):
                merged.update(found)
    return merged


def _jupyter_folders() -> list[Path]:
    try:
        from jupyter_core.paths import jupyter_config_path
    except ImportError:
        return _folders_without_jupyter()
    return [Path(folder) for folder in jupyter_config_path()]


def _folders_without_jupyter() -> list[Path]:
    extra = [Path(p) for p in os.environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep) if p]
    own = Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter")
    return [
        *extra,
        own,
        Path(sys.prefix) / "etc/jupyter",
        Path("/usr/local/etc/jupyter"),
        Path("/etc/jupyter"),
    ]
