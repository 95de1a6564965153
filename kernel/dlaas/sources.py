"""Where configuration is found: hand-over, environment, Jupyter's folders, rucio.cfg."""

from __future__ import annotations

import configparser
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlaas import handover
from dlaas.config import Instance, Instances, load_instances, not_found
from dlaas.errors import ConfigurationError, InstanceNotFound

# Variables of the hub images whose names are not `RUCIO_` and the key.
_VARIABLES = {
    "RUCIO_BASE_URL": "rucio_base_url",
    "RUCIO_AUTH_URL": "rucio_auth_url",
    "RUCIO_WEBUI_URL": "rucio_webui_url",
    "RUCIO_CA_CERT": "rucio_ca_cert",
    "RUCIO_DEFAULT_AUTH_TYPE": "auth_type",
    "RUCIO_AUTH_TYPE": "auth_type",
    "RUCIO_CLIENT_PROXY": "client_cert",
}
_PLAIN = (
    "name display_name mode site_name vo oidc_auth oidc_env_name oidc_file_name destination_rse"
    " rse_mount_path path_begins_at replication_rule_lifetime_days wildcard_enabled account"
    " client_cert client_key upload_rse voms_enabled voms_vomses_path voms_certdir_path"
    " voms_vomsdir_path"
)
_VARIABLES |= {f"RUCIO_{key.upper()}": key for key in _PLAIN.split()}
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
    for key in ("auth_type", "account", "vo", "username", "password", "client_cert", "client_key")
}


def find_instance(name: str | None = None) -> Instance:
    """Find an instance, without a name the default one, where the first source that has it wins.

    Raises `InstanceNotFound` when no source has it and `ConfigurationError` when the one that has
    it is wrong.
    """
    known: dict[str, Instance] = {}
    for found in _sources():
        if len(found) or found.problems:
            try:
                return found.get(name)
            except InstanceNotFound:
                known.update(found.instances)
    raise not_found(name, known)


def _sources() -> Iterator[Instances]:
    yield from_handover()
    yield from_environment(os.environ)
    yield load_instances(jupyter_config())
    yield from_cfg(_default_cfg())


def from_handover() -> Instances:
    """Answer the instances that the Jupyter server above this process handed over."""
    folder = handover.find()
    if folder is None:
        return Instances()
    entries = list(handover.read_all(folder))
    instances = {entry.instance.name: entry.instance for entry in entries}
    default = next((entry.instance.name for entry in entries if entry.default), None)
    return Instances(instances, {}, default)


def from_environment(environ: Mapping[str, str]) -> Instances:
    """Answer the instance that RUCIO_* variables and the rucio.cfg they name describe."""
    values = {key: environ[name] for name, key in _VARIABLES.items() if environ.get(name)}
    if environ.get("SWAN_USE_RUCIO"):
        values |= {key: environ[name] for name, key in _SWAN.items() if environ.get(name)}
    cfg = environ.get("RUCIO_CONFIG")
    if not cfg and environ.get("RUCIO_HOME"):
        cfg = str(Path(environ["RUCIO_HOME"]) / "etc" / "rucio.cfg")
    base = (
        _read_cfg(Path(cfg)) if cfg and (environ.get("RUCIO_CONFIG") or Path(cfg).is_file()) else {}
    )
    merged = {**base, **values}
    if "rucio_base_url" not in merged:
        return Instances()
    merged.setdefault("name", "default")
    if environ.get("X509_USER_PROXY"):
        # The grid's tools leave it there; storages want it where Rucio itself takes a password or
        # token.
        merged.setdefault("client_cert", environ["X509_USER_PROXY"])
    return load_instances({"instances": [merged]})


def _default_cfg() -> Path | None:
    prefixes = [os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    places = [Path(prefix) / "etc" / "rucio.cfg" for prefix in prefixes if prefix]
    return next((p for p in [*places, Path("/opt/rucio/etc/rucio.cfg")] if p.is_file()), None)


def from_cfg(path: Path | None) -> Instances:
    """Answer the instance that a rucio.cfg describes, under the name `default`."""
    values = _read_cfg(path) if path else {}
    if "rucio_base_url" not in values:
        return Instances()
    return load_instances({"instances": [{"name": "default", **values}]})


def _read_cfg(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        # The parser's own text quotes lines of the file, and a password may be in one.
        raise ConfigurationError(f"{path} cannot be read ({type(error).__name__}).") from None
    client = parser["client"] if parser.has_section("client") else {}
    values = {ours: client[theirs].strip() for theirs, ours in _CFG.items() if client.get(theirs)}
    proxy = client.get("client_x509_proxy")
    if proxy and (values.get("auth_type") == "x509_proxy" or "client_cert" not in values):
        # A proxy is certificate and key in one file.
        values["client_cert"] = values["client_key"] = proxy.strip()
    for key in ("rucio_ca_cert", "client_cert", "client_key"):
        if key in values:
            values[key] = os.path.abspath(os.path.expanduser(os.path.expandvars(values[key])))
    return values


def jupyter_config() -> dict[str, Any]:
    """Answer `RucioConfig` as a Jupyter server on this machine would read it."""
    merged: dict[str, Any] = {}
    for folder in reversed(_jupyter_folders()):
        parts = sorted((folder / "jupyter_server_config.d").glob("*.json"))
        for path in [*parts, folder / "jupyter_server_config.json"]:
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                # Another tool's file may be unreadable; ours is found or not.
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


def fetch_json(url: str) -> dict[str, Any]:
    """Fetch the remote part of a configuration; raises `Unreachable`, `ConfigurationError`."""
    from dlaas.wire import plain_get

    try:
        content = json.loads(plain_get(url))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ConfigurationError(f"What {url} answers is no JSON object.")
    return content
