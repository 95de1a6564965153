"""The samples as the lake's first DIDs: files, datasets per sample and containers over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import catalogue
from .catalogue_files import LocalFile, store
from .layout import SITES, Layout, Site
from .samples import release

NORTH, SOUTH = SITES[0], SITES[1]
TOP = "2020_13TeV"
AT_EAST = "4lep_mc_llll"
FILE_KEYS = ("events", "energy", "collection", "kind", "sample", "period", "synthetic")


def seed(layout: Layout, cache: Path) -> None:
    """Put every sample on its site and register it, with a rule of root without lifetime."""
    folder = release.ensure(cache)
    catalogue.ensure_scope(release.SCOPE, "root")
    entries = json.loads((folder / "manifest.json").read_text())
    datasets: dict[str, list[LocalFile]] = {}
    metadata: dict[str, dict[str, Any]] = {}
    for entry in entries:
        name = dataset_of(entry["meta"])
        datasets.setdefault(name, []).append(_file(folder, entry))
        metadata.setdefault(name, {}).update(_dataset_meta(metadata.get(name, {}), entry["meta"]))
    for number, (name, files) in enumerate(datasets.items()):
        # GamGam_data is what the first tutorial opens: it lies at NORTH; the rest is spread.
        if catalogue.is_closed(release.SCOPE, name):
            continue
        site = NORTH if name == "GamGam_data" or number % 2 == 0 else SOUTH
        store(layout, site, release.SCOPE, files)
        catalogue.register(site, release.SCOPE, files)
        members = [file.name for file in files]
        catalogue.collect(release.SCOPE, name, "DATASET", members, metadata[name])
        catalogue.keep(release.SCOPE, [name], site.rse)
        catalogue.close(release.SCOPE, name)
    _containers(metadata)


def copy_to(layout: Layout, cache: Path, site: Site, dataset: str) -> None:
    """Put one more copy of a seeded dataset on a site, with a rule of root without lifetime."""
    folder = release.ensure(cache)
    entries = json.loads((folder / "manifest.json").read_text())
    files = [_file(folder, entry) for entry in entries if dataset_of(entry["meta"]) == dataset]
    store(layout, site, release.SCOPE, files)
    catalogue.add_copies(site, release.SCOPE, files)
    catalogue.keep(release.SCOPE, [dataset], site.rse)


def dataset_of(meta: dict[str, Any]) -> str:
    """`GamGam_data`, `GamGam_mc_ggH125`: the files of one sample."""
    if meta["kind"] == "data":
        return f"{meta['collection']}_data"
    process = str(meta["sample"]).removesuffix("_gamgam").removesuffix("_ZZ4lep")
    return f"{meta['collection']}_mc_{process}"


def _file(folder: Path, entry: dict[str, Any]) -> LocalFile:
    meta = {key: entry["meta"][key] for key in FILE_KEYS if key in entry["meta"]}
    return LocalFile(
        folder / entry["name"],
        entry["name"],
        entry["bytes"],
        entry["adler32"],
        entry["md5"],
        meta | {"datatype": "NTUP"},
    )


def _dataset_meta(so_far: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """A dataset's metadata: its files', and the sums of their events and luminosities."""
    result = {key: value for key, value in meta.items() if key not in {"period", "events"}}
    # Rucio's own column `events` is for files alone.
    result["n_events"] = so_far.get("n_events", 0) + meta["events"]
    if "luminosity_fb" in meta:
        result["luminosity_fb"] = round(so_far.get("luminosity_fb", 0) + meta["luminosity_fb"], 3)
    if meta["kind"] == "data":
        result["sample"] = "data"
    return result | {"project": release.SCOPE, "datatype": "NTUP"}


def _containers(datasets: dict[str, dict[str, Any]]) -> None:
    shared = ("energy", "tree", "units", "synthetic", "note", "project", "datatype")
    for collection in release.COLLECTIONS:
        members = [name for name in datasets if name.startswith(f"{collection}_")]
        meta = {key: datasets[members[0]][key] for key in (*shared, "collection")}
        catalogue.collect(release.SCOPE, collection, "CONTAINER", members, meta)
    meta = {key: next(iter(datasets.values()))[key] for key in shared}
    catalogue.collect(release.SCOPE, TOP, "CONTAINER", list(release.COLLECTIONS), meta)
