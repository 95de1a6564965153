"""What people analyse with opens a reference: over https, over root and from the mount."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import h5py  # type: ignore[import-untyped]
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow.dataset  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
import uproot
import xarray as xr
import zarr
from astropy.io import fits  # type: ignore[import-untyped]
from formats import ROWS, columns, image, write

from dlaas import Lake, access
from dlaas.model import DID
from jupyter_dlaas.lake import EmbeddedLake

PLACES = {"https": "NORTH-DISK", "root": "EAST-DISK", "mount": "NOTEBOOK-MOUNT"}


@pytest.fixture(scope="session")
def files(
    lake: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], DID]:
    """The DIDs by place and format; each has the one copy."""
    found = {}
    for place, rse in PLACES.items():
        paths = write(tmp_path_factory.mktemp(place), f"opens-{place}")
        lake.seed(list(paths.values()), rse=rse)
        found.update({(place, kind): DID(f"user.alice:{p.name}") for kind, p in paths.items()})
    return found


@pytest.fixture(params=PLACES)
def reference(
    request: pytest.FixtureRequest, files: dict[tuple[str, str], DID], alice: Lake
) -> Callable[[str], str]:
    """Answer the reference of a format's file; it is read the way that the test is named for."""

    def refer(kind: str) -> str:
        did = files[request.param, kind]
        best = access.rank(alice, did).best
        assert best is not None
        assert best.kind == request.param
        return f"rucio://lake@{did.scope}/{did.name}"

    return refer


Reference = Callable[[str], str]


def test_uproot_opens_a_file_whole(reference: Reference) -> None:
    with uproot.open(reference("root")) as file:
        found = file["tree"].arrays(library="np")
    assert set(found) == {"n", "x"}
    assert np.array_equal(found["x"], columns()["x"])


def test_uproot_opens_a_tree_by_its_name_and_reads_a_column(reference: Reference) -> None:
    with uproot.open(f"{reference('root')}:tree") as tree:
        assert np.array_equal(tree["n"].array(library="np"), columns()["n"])


def test_uproot_concatenates_references(reference: Reference) -> None:
    found = uproot.concatenate([f"{reference('root')}:tree"] * 2, ["n"], library="np")
    assert len(found["n"]) == 2 * ROWS


def test_pandas_reads_parquet_and_single_columns_of_it(reference: Reference) -> None:
    assert pd.read_parquet(reference("parquet")).equals(pd.DataFrame(columns()))
    one = pd.read_parquet(reference("parquet"), columns=["x"])
    assert np.array_equal(one["x"], columns()["x"])


def test_pyarrow_reads_parquet_through_the_filesystem(reference: Reference) -> None:
    fs, path = fsspec.core.url_to_fs(reference("parquet"))
    table = pyarrow.parquet.read_table(path, filesystem=fs, columns=["n"])
    assert np.array_equal(table["n"], columns()["n"])
    found = pyarrow.dataset.dataset(path, filesystem=fs)
    assert found.count_rows(filter=pyarrow.dataset.field("n") < 100) == 100


def test_pandas_reads_csv(reference: Reference) -> None:
    found = pd.read_csv(reference("csv"))
    assert np.array_equal(found["n"], columns()["n"])
    assert np.allclose(found["x"], columns()["x"])


def test_h5py_reads_a_slice(reference: Reference) -> None:
    with fsspec.open(reference("h5")) as stream, h5py.File(stream) as file:
        assert np.array_equal(file["image"][100:110, 50:60], image()[100:110, 50:60])
        assert np.array_equal(file["group/x"], columns()["x"])


def test_astropy_cuts_out_of_an_image(reference: Reference) -> None:
    with fits.open(reference("fits"), use_fsspec=True) as hdus:
        cutout = hdus["SCI"].section[10:20, 30:40]
    assert np.array_equal(cutout, image()[10:20, 30:40])


def test_astropy_reads_an_image_whole(reference: Reference) -> None:
    with fsspec.open(reference("fits")) as stream, fits.open(stream) as hdus:
        assert np.array_equal(hdus["SCI"].data, image())


def test_numpy_loads_an_array_and_reads_raw_numbers(reference: Reference) -> None:
    with fsspec.open(reference("npy")) as stream:
        assert np.array_equal(np.load(stream), image())
    with fsspec.open(reference("raw")) as stream:
        assert np.array_equal(np.frombuffer(stream.read()), image().ravel())


def test_numpy_reads_raw_numbers_from_the_local_copy(reference: Reference, tmp_path: Path) -> None:
    fs, path = fsspec.core.url_to_fs(reference("raw"))
    fs.get(path, str(tmp_path / "raw"))
    assert np.array_equal(np.fromfile(tmp_path / "raw"), image().ravel())


def test_zarr_opens_a_store_in_one_file(reference: Reference) -> None:
    group: Any = zarr.open_group(f"zip::{reference('zip')}", mode="r")
    assert np.array_equal(group["image"][100:110], image()[100:110])


def test_xarray_opens_a_zarr_store_and_a_netcdf_file(reference: Reference) -> None:
    with xr.open_zarr(f"zip::{reference('zip')}", consolidated=False) as found:
        assert np.array_equal(found["image"][5:7], image()[5:7])
    with fsspec.open(reference("nc")) as stream, xr.open_dataset(stream, engine="scipy") as nc:
        assert np.array_equal(nc["image"], image())


@pytest.mark.parametrize("layer", ["blockcache", "filecache", "simplecache"])
def test_a_cache_of_fsspec_works_on_top(reference: Reference, layer: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {layer: {"cache_storage": str(tmp_path / "layer")}}
    for _ in range(2):
        with fsspec.open(f"{layer}::{reference('npy')}", **options) as stream:
            assert np.array_equal(np.load(io.BytesIO(stream.read())), image())
    assert any((tmp_path / "layer").iterdir())
