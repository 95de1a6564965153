"""Dask's workers, in processes of their own, open references with a login of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import dask.dataframe as dd
import fsspec
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import uproot
from distributed import Client, LocalCluster
from formats import ROWS, columns, write_root

from dlaas import Lake
from jupyter_dlaas.lake import EmbeddedLake

PARTS = 4
RSES = ("NORTH-DISK", "EAST-DISK", "NOTEBOOK-MOUNT", "SOUTH-DISK")


@pytest.fixture(scope="session")
def parts(lake: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """References by format to the parts of one table, each on another storage."""
    folder = tmp_path_factory.mktemp("parts")
    found: dict[str, list[str]] = {"parquet": [], "root": []}
    for part, rse in enumerate(RSES):
        paths = {kind: folder / f"part-{part}.{kind}" for kind in found}
        pd.DataFrame(columns(part)).to_parquet(paths["parquet"])
        write_root(paths["root"], part)
        lake.seed(list(paths.values()), rse=rse)
        for kind, path in paths.items():
            found[kind].append(f"rucio://lake@user.alice/{path.name}")
    return found


@pytest.fixture
def client(
    alice: Lake, lake: EmbeddedLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Two worker processes that find alice's login in their environment."""
    for name, value in lake.env("alice").items():
        monkeypatch.setenv(name, value)
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster) as found,
    ):
        yield found


def _keeps_secrets(alice: Lake, graph: Any) -> bool:
    data = cloudpickle.dumps(graph)
    assert b"rucio://lake@" in data or b"lake@user.alice" in data
    secrets = (alice.credential().value, alice.instance.read_password() or "")
    return all(len(secret) > 8 and secret.encode() not in data for secret in secrets)


def test_a_dask_dataframe_is_read_by_two_processes(
    client: Client, alice: Lake, parts: dict[str, list[str]]
) -> None:
    pids = set(client.run(os.getpid).values())
    assert len(pids - {os.getpid()}) == 2
    frame = dd.read_parquet(parts["parquet"])
    assert _keeps_secrets(alice, frame.optimize().__dask_graph__())
    assert frame["n"].sum().compute() == sum(range(PARTS * ROWS))
    expected = np.concatenate([columns(part)["x"] for part in range(PARTS)]).mean()
    assert frame["x"].mean().compute() == pytest.approx(expected)


def test_dask_awkward_reads_trees_by_two_processes(
    client: Client, alice: Lake, parts: dict[str, list[str]]
) -> None:
    # A column is chosen here: found["n"] cannot be computed with this year's Dask, local or not.
    trees = [{reference: "tree"} for reference in parts["root"]]
    found: Any = uproot.dask(trees, filter_name=["n"])
    assert type(found).__module__.startswith("dask_awkward")
    assert _keeps_secrets(alice, found.dask)
    assert int(found.compute()["n"].to_numpy().sum()) == sum(range(PARTS * ROWS))


def test_an_open_file_travels_to_a_worker_and_is_read_on(
    client: Client, parts: dict[str, list[str]]
) -> None:
    for reference in parts["parquet"]:
        with fsspec.open(reference) as file:
            head = file.read(4)
            task = client.submit(lambda f: (f.tell(), f.read(-1)), file, pure=False)
            at, rest = task.result(timeout=60)
        assert at == 4
        fs, path = fsspec.core.url_to_fs(reference)
        assert head + rest == fs.cat_file(path)
