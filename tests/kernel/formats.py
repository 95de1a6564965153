"""Files in the formats that people analyse, small and with known contents."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import uproot
import xarray as xr
from astropy.io import fits  # type: ignore[import-untyped]

ROWS = 20_000
FORMATS = ("root", "parquet", "csv", "h5", "fits", "npy", "raw", "zip", "nc")


def columns(part: int = 0) -> dict[str, Any]:
    """Answer the columns that every table holds: a number of the row and a random value."""
    random = np.random.default_rng(part)
    return {"n": np.arange(ROWS) + part * ROWS, "x": random.normal(size=ROWS)}


def image() -> Any:
    """Answer the picture that every array holds."""
    return np.arange(400 * 300, dtype="float64").reshape(400, 300)


def write(folder: Path, place: str) -> dict[str, Path]:
    """Write a file of each format, its name telling where it is going to lie."""
    paths = {kind: folder / f"{place}.{kind}" for kind in FORMATS}
    write_root(paths["root"])
    frame = pd.DataFrame(columns())
    frame.to_parquet(paths["parquet"], row_group_size=5000)
    frame.to_csv(paths["csv"], index=False)
    with h5py.File(paths["h5"], "w") as file:
        file["image"] = image()
        file["group/x"] = columns()["x"]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image(), name="SCI")]).writeto(paths["fits"])
    np.save(paths["npy"], image())
    image().tofile(paths["raw"])
    xr.Dataset({"image": (("y", "x"), image())}).to_zarr(folder / "store", zarr_format=2)
    shutil.make_archive(str(paths["zip"].with_suffix("")), "zip", folder / "store")
    xr.Dataset({"image": (("y", "x"), image())}).to_netcdf(paths["nc"], engine="scipy")
    return paths


def write_root(path: Path, part: int = 0) -> None:
    """Write a ROOT file with the columns in a tree."""
    with uproot.recreate(path) as file:
        file.mktree("tree", {"n": "int64", "x": "float64"}).extend(columns(part))
