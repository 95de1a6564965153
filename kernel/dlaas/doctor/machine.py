"""This machine: Python, libraries, certificates, proxies, the cache's folder."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from dlaas.doctor.check import MACHINE, Check, Looker
from dlaas.sizes import size_said

_LITTLE_SPACE = 1_000_000_000
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXIES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
# What a library that may be missing is for.
_OPTIONAL = {"XRootD": "root:// copies", "ipywidgets": "progress bars in notebooks"}


def check_machine(timeout: float) -> Iterator[Check]:
    """Check what all instances share."""
    looker = Looker(MACHINE, timeout)
    yield from looker.look("python", _python)
    yield from looker.look("library", _library)
    yield from looker.look("certificates", _bundles)
    yield from looker.look("proxy", _proxies)


def _python(looker: Looker) -> Check:
    return looker.ok(f"Python {platform.python_version()} at {sys.executable}")


def _library(looker: Looker) -> Check:
    names = ("jupyter-dlaas-kernel", "rucio-clients", "fsspec", "aiohttp")
    there = ", ".join(f"{name} {_version(name)}" for name in names)
    missing = [f"{what} ({name})" for name, what in _OPTIONAL.items() if find_spec(name) is None]
    without = f"; not installed, for {', '.join(missing)}" if missing else ""
    return looker.ok(f"{there}{without}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "without a version"


def _bundles(looker: Looker) -> Check:
    told = {name: os.environ[name] for name in _BUNDLES if os.environ.get(name)}
    for name, path in told.items():
        if not os.access(path, os.R_OK):
            return looker.wrong(
                f"{name} names {path}, which cannot be read.",
                f"Unset {name}, or let it name a file of certificates.",
            )
    if not told:
        return looker.ok("Those of Python, or what an instance names.")
    text = ", ".join(f"{name}={path}" for name, path in told.items())
    return looker.ok(f"Where an instance names none: {text}")


def _proxies(looker: Looker) -> Check:
    names = [spelt for name in _PROXIES for spelt in (name, name.upper()) if os.environ.get(spelt)]
    if not names:
        return looker.ok("None is set.")
    for name in names:
        if not name.lower().startswith("no_") and not _is_url(os.environ[name]):
            return looker.wrong(f"{name} is no URL.", f"Write {name}=http://host:port.")
    return looker.ok(", ".join(f"{name}={_without_login(os.environ[name])}" for name in names))


def _without_login(url: str) -> str:
    # A proxy's URL may hold a password.
    before, at, host = url.rpartition("@")
    return f"{before.partition('://')[0]}://…@{host}" if at else url


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).hostname is not None
    except ValueError:
        return False


def check_folder(looker: Looker, folder: Path) -> Check:
    """Check that files can be written to a folder that may not be there yet."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return looker.wrong(
            f"{there} cannot be written to, and the cache is to be at {folder}.",
            "Set DLAAS_CACHE, or cache_folder of the instance, to a folder of yours.",
        )
    free = shutil.disk_usage(there).free
    if free < _LITTLE_SPACE:
        return looker.warning(
            f"{folder} has {size_said(free)} left.",
            "Make room, for example with dlaas cache clean.",
        )
    return looker.ok(f"{folder}, {size_said(free)} free")
