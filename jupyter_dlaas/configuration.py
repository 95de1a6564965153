"""The section `RucioConfig`, as hubs and notebooks have it since rucio-jupyterlab."""

from __future__ import annotations

import logging
import os
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Enum, List, TraitError, Unicode
from traitlets.config import Config, LoggingConfigurable

from dlaas.basket.service import HOSTS, hosts_from
from dlaas.errors import DlaasError

_KEYS = ("instances", "default_instance", "default_auth_type", "log_level")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class RucioConfig(LoggingConfigurable):
    """Which Rucio instances there are.

    These settings and the keys of an instance are those of rucio-jupyterlab, whose files are read
    unchanged.
    """

    instances: List[Any] = List(
        AnyTrait(),
        help="""The Rucio instances: a list of objects. Each has at least `name` and
        `rucio_base_url`, or `$url`, the address of a JSON file with these keys (what is given
        here wins). An instance with a mistake is shown in the panel with what is wrong; the
        others work.""",
    ).tag(config=True)
    default_instance = Unicode(
        None,
        allow_none=True,
        help="The name of the instance that is used where none is named; else it is the first.",
    ).tag(config=True)
    default_auth_type = Enum(
        ("userpass", "x509", "x509_proxy", "oidc"),
        default_value=None,
        allow_none=True,
        help="How one logs in to the instances that do not say `auth_type`.",
    ).tag(config=True)
    esap_hosts: List[str] = List(
        Unicode(),
        help="""The addresses of the ESAPs whose shopping baskets the panel shows, as the browser
        shows them. A person's token is sent to these hosts: name none that you do not trust.""",
    ).tag(config=True)
    log_level = Enum(
        (*_LEVELS, *(level.lower() for level in _LEVELS)),
        default_value=None,
        allow_none=True,
        help="How much the library logs; else as much as the server.",
    ).tag(config=True)


def section(config: Config, parent: LoggingConfigurable) -> dict[str, Any]:
    """Answer the section as it was given: the library judges each instance by itself."""
    try:
        RucioConfig(config=config, parent=parent)
    except TraitError as error:
        parent.log.error("RucioConfig: %s", error)
    given = config.get("RucioConfig", {})
    return {key: given[key] for key in _KEYS if key in given}


def esap_hosts(config: Config, parent: LoggingConfigurable) -> tuple[str, ...]:
    """Answer the addresses of the ESAPs; one that makes no sense is logged and left out."""
    told = config.get("RucioConfig", {}).get("esap_hosts")
    found: list[str] = []
    for host in os.environ.get(HOSTS, "").replace(",", " ").split() if told is None else told:
        try:
            found += hosts_from([str(host)])
        except DlaasError as error:
            parent.log.error("esap_hosts: %s: %s", host, error)
    return tuple(dict.fromkeys(found))


def log_level(settings: dict[str, Any], default: int) -> int:
    """Answer the level at which the library logs."""
    level = logging.getLevelName(str(settings.get("log_level") or "").upper())
    return level if isinstance(level, int) else default
