"""The storage of a lake as seen from here: RSEs, protocols, hosts, the mount."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from dlaas.access import reads_root
from dlaas.doctor.check import Check, Looker
from dlaas.errors import DlaasError
from dlaas.reading.mounts import under_mount
from dlaas.reading.ranking import HTTPS_SCHEMES, ROOT_SCHEMES, Copy, Taste, rank_copies

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.lake import Lake

# A lake may have hundreds: the configured ones first, and then so many.
_MOST_RSES = 30
_AT_ONCE = 15
_CONNECT = 3.0


def check_storage(looker: Looker, lake: Lake) -> Iterator[Check]:
    """Check the RSEs that are configured, and how the others are reached."""
    instance = lake.instance
    if instance.destination_rse is None:
        yield looker.called("destination").warning(
            "No destination_rse is configured: where data is to be made available must be said.",
            "Set destination_rse to the RSE that is near here.",
        )
    named = dict.fromkeys(
        (("destination", instance.destination_rse), ("upload", instance.upload_rse))
    )
    for name, rse in named:
        if rse is not None:
            yield from looker.look(name, _rse, lake, rse)
    found: dict[str, dict[str, Any]] = {}
    yield from looker.look("mount", check_mapping, lake)
    yield from looker.look("protocols", _protocols, lake, found)
    # A look that took too long may still be adding to it.
    yield from looker.look("hosts", _hosts, dict(found))


def _rse(looker: Looker, lake: Lake, rse: str) -> Check:
    info = lake.rse_info(rse)
    switches = {"reading": info.get("availability_read"), "writing": info.get("availability_write")}
    off = [what for what, on in switches.items() if on is False]
    if off:
        return looker.warning(
            f"{rse} is there, but {' and '.join(off)} is switched off.", "Wait, or use another RSE."
        )
    schemes = ", ".join(sorted({str(p.get("scheme")) for p in info.get("protocols") or []}))
    return looker.ok(f"{rse}, by {schemes or 'no protocol at all'}")


def _protocols(looker: Looker, lake: Lake, found: dict[str, dict[str, Any]]) -> Check:
    """Say which RSEs can be read from here; puts what Rucio says of them into `found`."""
    instance = lake.instance
    every = sorted(str(row["rse"]) for row in lake.client.list_rses())
    first = [rse for rse in (instance.destination_rse, instance.upload_rse) if rse in every]
    names = list(dict.fromkeys([*first, *every]))[:_MOST_RSES]
    with ThreadPoolExecutor(8) as pool:
        for name, info in zip(names, pool.map(lambda rse: _info(lake, rse), names), strict=True):
            if info is not None:
                found[name] = info
    unread = {name: why for name, info in found.items() if (why := _why_not(instance, name, info))}
    of = f" of {len(every)}" if len(every) > len(names) else ""
    if not unread:
        return looker.ok(f"All {len(found)}{of} RSEs can be read from here.")
    told = "; ".join(f"{name}: {why}" for name, why in sorted(unread.items())[:5])
    return looker.warning(
        f"{len(unread)} of {len(found)} RSEs cannot be read from here: {told}.",
        "Data that is only there: make it available, and read it where it arrives.",
    )


def _info(lake: Lake, rse: str) -> dict[str, Any] | None:
    try:
        return lake.rse_info(rse)
    except DlaasError:
        return None


def _why_not(instance: Instance, rse: str, info: Mapping[str, Any]) -> str:
    """Say why an RSE cannot be read from here; nothing where it can."""
    protocols = info.get("protocols") or []
    folders = [str(p.get("prefix") or "/") for p in protocols if p.get("scheme") == "file"]
    if any(map(os.path.isdir, folders)):
        return ""
    if rse == instance.destination_rse and instance.rse_mount_path:
        return ""
    tape = str(info.get("rse_type")).upper() == "TAPE"
    copies = [Copy(rse, f"{protocol.get('scheme')}://", tape=tape) for protocol in protocols]
    ways = rank_copies(copies, Taste.of(instance), reads_root=reads_root())
    if not ways:
        return "it has no protocol"
    return "" if ways[0].usable else ways[0].why


def _hosts(looker: Looker, found: Mapping[str, Mapping[str, Any]]) -> Check:
    """Try whether the storages' ports can be reached: a firewall may be between."""
    places: dict[tuple[str, int], str] = {}
    proxied = "https" in getproxies()
    for name, info in found.items():
        for protocol in info.get("protocols") or []:
            scheme, host = protocol.get("scheme"), str(protocol.get("hostname") or "")
            over_https = scheme in HTTPS_SCHEMES
            if not host or not (over_https or scheme in ROOT_SCHEMES):
                continue
            if not (over_https and proxied and not proxy_bypass(host)):
                port = int(protocol.get("port") or 0) or (443 if over_https else 1094)
                places.setdefault((host, port), name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(_reached, places))
    shut = [
        f"{places[p]} ({p[0]}:{p[1]})"
        for p, there in zip(places, answers, strict=True)
        if not there
    ]
    if shut:
        return looker.warning(
            f"No connection to {', '.join(sorted(shut)[:5])}, of {len(places)} tried.",
            "A firewall may be between, or the storage is down: data there is read from elsewhere.",
        )
    through = "; https goes through the proxy" if proxied else ""
    return looker.ok(f"All {len(places)} storage hosts take connections{through}.")


def _reached(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, timeout=_CONNECT).close()
    except OSError:
        return False
    return True


def check_mount(looker: Looker, instance: Instance) -> Iterator[Check]:
    """Check the folder in which the destination RSE is to be seen."""
    if instance.rse_mount_path is None:
        return
    path = os.path.expanduser(instance.rse_mount_path)
    try:
        with os.scandir(path) as entries:
            next(entries, None)
    except PermissionError:
        yield looker.wrong(f"{path} may not be read.", "Ask for the right to read it.")
    except OSError as error:
        yield looker.wrong(
            f"rse_mount_path {path} is not mounted here: {error.strerror}.",
            "Mount it, or remove rse_mount_path: files are streamed then.",
        )
    else:
        yield looker.ok(f"{path} can be read")


def check_mapping(looker: Looker, lake: Lake) -> Iterator[Check]:
    """Check that paths of the destination RSE, mapped to the mount, are where something is."""
    instance = lake.instance
    mount, begins = instance.rse_mount_path, instance.path_begins_at
    if not instance.destination_rse or not mount or not os.path.isdir(os.path.expanduser(mount)):
        # That a mount is not there is told by itself.
        return
    protocols = lake.rse_info(instance.destination_rse).get("protocols") or []
    prefixes = sorted({str(protocol.get("prefix") or "/") for protocol in protocols})
    mapped = [under_mount(f"{prefix.rstrip('/')}/x", mount, begins) for prefix in prefixes]
    folders = [os.path.dirname(path) for path in mapped if path]
    if not any(map(os.path.isdir, folders)):
        yield looker.warning(
            f"The paths of {instance.destination_rse} would be in"
            f" {', '.join(folders) or 'nowhere below it'}, which is not there.",
            f"Check path_begins_at ({begins}): so many leading folders of"
            f" {', '.join(prefixes)} are dropped.",
        )
