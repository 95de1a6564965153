"""How a type of file is opened, by the end of its name: in Python, R, Julia and C++."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Opener:
    """What opens a file, or the files of a collection: its title, what it imports, and the code.

    `{name}` stands for the variable; `many` None where it is for single files only.
    """

    title: str
    imports: str
    one: str
    many: str | None


Openers = Mapping[str, tuple[Opener, ...]]

_NUMPY = Opener(
    "numpy",
    "import numpy",
    "numpy.load({name}.open())",
    "[numpy.load(file.open()) for file in {name}]",
)
_FITS = Opener(
    "astropy",
    "from astropy.io import fits",
    "with fits.open({name}.open()) as hdus:\n    hdus.info()",
    "for file in {name}:\n    with fits.open(file.open()) as hdus:\n        hdus.info()",
)
_FITS_GZ = Opener(
    # astropy looks into a compressed file by its name only.
    "astropy",
    "import gzip\nfrom astropy.io import fits",
    "with fits.open(gzip.open({name}.open())) as hdus:\n    hdus.info()",
    "for file in {name}:\n    with fits.open(gzip.open(file.open())) as hdus:\n        hdus.info()",
)
_CUTOUT = Opener(
    "astropy: a cutout of an image, without the rest",
    "from astropy.io import fits",
    "with fits.open({name}.reference, use_fsspec=True) as hdus:\n"
    "    image = next(hdu for hdu in hdus if hdu.is_image and hdu.shape)\n"
    "    print(image.section[..., :100, :100])",
    None,
)
_TABLE = Opener(
    "astropy: a table",
    "from astropy.table import Table, vstack",
    'Table.read({name}.open(), format="fits")',
    'vstack([Table.read(file.open(), format="fits") for file in {name}])',
)
_HDF5 = Opener(
    "h5py",
    "import h5py",
    "with h5py.File({name}.open()) as file:\n    print(list(file))",
    "for file in {name}:\n    with h5py.File(file.open()) as opened:\n"
    "        print(file.name, list(opened))",
)
_CSV = (
    Opener(
        "pandas",
        "import pandas",
        "pandas.read_csv({name})",
        "pandas.concat((pandas.read_csv(file) for file in {name}), ignore_index=True)",
    ),
    Opener(
        "Dask",
        "import dask.dataframe",
        "dask.dataframe.read_csv(str({name}), blocksize=None)",
        "dask.dataframe.read_csv([str(file) for file in {name}], blocksize=None)",
    ),
)
_PARQUET = (
    Opener(
        "pandas",
        "import pandas",
        "pandas.read_parquet({name})",
        "pandas.concat((pandas.read_parquet(file) for file in {name}), ignore_index=True)",
    ),
    Opener(
        "pyarrow: the schema, and the first rows",
        "import pyarrow.parquet",
        "parquet = pyarrow.parquet.ParquetFile({name}.open())\n"
        "print(parquet.schema_arrow)\n"
        "next(parquet.iter_batches(10)).to_pandas()",
        "parquet = pyarrow.parquet.ParquetFile({name}[0].open())\n"
        "print(parquet.schema_arrow)\n"
        "next(parquet.iter_batches(10)).to_pandas()",
    ),
    Opener(
        "Dask",
        "import dask.dataframe",
        "dask.dataframe.read_parquet(str({name}))",
        "dask.dataframe.read_parquet([str(file) for file in {name}])",
    ),
)
_TREE = 'keys(filter_classname="TTree", cycle=False)[0]'
_ROOT = (
    Opener(
        "uproot",
        "import uproot",
        "uproot.open({name}).keys()",
        f"tree = uproot.open({{name}}[0]).{_TREE}\n"
        "for events in uproot.iterate({{file: tree for file in {name}}}):\n"
        "    print(len(events), events.fields)",
    ),
    Opener(
        "uproot: a tree as arrays",
        "import uproot",
        "with uproot.open({name}) as file:\n"
        f"    tree = file[file.{_TREE}]\n"
        "    print(tree.arrays(entry_stop=1000))",
        f"tree = uproot.open({{name}}[0]).{_TREE}\n"
        "uproot.concatenate({{file: tree for file in {name}}})",
    ),
    Opener(
        "uproot with Dask",
        "import uproot",
        f"tree = uproot.open({{name}}).{_TREE}\nuproot.dask({{{{{{name}}: tree}}}})",
        f"tree = uproot.open({{name}}[0]).{_TREE}\n"
        "uproot.dask({{file: tree for file in {name}}})",
    ),
)
_ZARR = (
    Opener(
        "zarr",
        "import zarr",
        'group = zarr.open_group("zip::" + {name}.reference, mode="r")\nlist(group)',
        'for file in {name}:\n    print(list(zarr.open_group("zip::" + file.reference, mode="r")))',
    ),
    Opener(
        "xarray",
        "import xarray",
        'xarray.open_zarr("zip::" + {name}.reference, consolidated=False)',
        '[xarray.open_zarr("zip::" + file.reference, consolidated=False) for file in {name}]',
    ),
)
_NETCDF = Opener(
    "xarray",
    "import xarray",
    "xarray.open_dataset({name}.open())",
    "[xarray.open_dataset(file.open()) for file in {name}]",
)
_ZIP = Opener(
    "the files in it",
    "import dlaas.publish",
    "list(dlaas.publish.open_bundle({name}.reference))",
    "for file in {name}:\n    print(list(dlaas.publish.open_bundle(file.reference)))",
)
_JSON = Opener(
    "json",
    "import json",
    "json.load({name}.open())",
    "[json.load(file.open()) for file in {name}]",
)
_TEXT = Opener(
    "the first lines",
    "",
    'print({name}.open("r").read(1000))',
    'for file in {name}:\n    print(file.name, file.open("r").readline())',
)
_BYTES = Opener(
    "the first bytes", "", "{name}.open().read(16)", "for file in {name}:\n    print(file)"
)

_PARQUETS = (".parquet", ".pq")
_CSVS = (".csv", ".csv.gz")
_HDF5S = (".h5", ".hdf5", ".hdf", ".nxs")
_TEXTS = (".txt", ".log", ".md", ".yaml", ".yml")

PYTHON: Openers = {
    ".root": _ROOT,
    **dict.fromkeys(_PARQUETS, _PARQUET),
    **dict.fromkeys(_CSVS, _CSV),
    **dict.fromkeys((".fits", ".fit", ".fits.fz"), (_FITS, _CUTOUT, _TABLE)),
    ".fits.gz": (_FITS_GZ,),
    **dict.fromkeys(_HDF5S, (_HDF5,)),
    **dict.fromkeys((".nc", ".nc4"), (_NETCDF,)),
    ".zarr.zip": _ZARR,
    ".zip": (_ZIP,),
    **dict.fromkeys((".npy", ".npz"), (_NUMPY,)),
    ".json": (_JSON, _TEXT),
    **dict.fromkeys(_TEXTS, (_TEXT,)),
    "": (_BYTES,),
}

_R: Openers = {
    **dict.fromkeys(
        _CSVS,
        (Opener("read.csv", "", "read.csv({name})", "do.call(rbind, lapply({name}, read.csv))"),),
    ),
    **dict.fromkeys(
        _PARQUETS,
        (
            Opener(
                "arrow",
                "library(arrow)",
                "read_parquet({name})",
                "do.call(rbind, lapply({name}, read_parquet))",
            ),
        ),
    ),
    **dict.fromkeys(
        # It reads no compressed file.
        (".fits", ".fit"),
        (Opener("FITSio", "library(FITSio)", "readFITS({name})", "lapply({name}, readFITS)"),),
    ),
    **dict.fromkeys(
        _HDF5S,
        (Opener("rhdf5", "library(rhdf5)", "h5ls({name})", "lapply({name}, h5ls)"),),
    ),
    **dict.fromkeys(
        _TEXTS,
        (
            Opener(
                "readLines", "", "readLines({name}, n = 10)", "lapply({name}, readLines, n = 10)"
            ),
        ),
    ),
}
_JULIA: Openers = {
    ".root": (
        Opener("UnROOT", "using UnROOT", "ROOTFile({name})", "[ROOTFile(file) for file in {name}]"),
    ),
    **dict.fromkeys(
        _CSVS,
        (
            Opener(
                "CSV",
                "using CSV, DataFrames",
                "CSV.read({name}, DataFrame)",
                "CSV.read({name}, DataFrame)",
            ),
        ),
    ),
    **dict.fromkeys(
        _PARQUETS,
        (
            Opener(
                "Parquet2",
                "using Parquet2, DataFrames",
                "DataFrame(Parquet2.Dataset({name}))",
                "reduce(vcat, [DataFrame(Parquet2.Dataset(file)) for file in {name}])",
            ),
        ),
    ),
    **dict.fromkeys(
        (".fits", ".fit", ".fits.fz", ".fits.gz"),
        (Opener("FITSIO", "using FITSIO", "FITS({name})", "[FITS(file) for file in {name}]"),),
    ),
    **dict.fromkeys(
        _HDF5S,
        (
            Opener(
                "HDF5",
                "using HDF5",
                "h5open(keys, {name})",
                "[h5open(keys, file) for file in {name}]",
            ),
        ),
    ),
    **dict.fromkeys(
        _TEXTS,
        (
            Opener(
                "the first lines",
                "",
                "first(eachline({name}), 10)",
                "[readline(file) for file in {name}]",
            ),
        ),
    ),
}
_LINES = Opener(
    "std::ifstream",
    "#include <fstream>\n#include <iostream>",
    "std::ifstream opened({name});\nstd::string line;\nstd::getline(opened, line);\n"
    "std::cout << line << std::endl;",
    "for (const auto& file : {name}) {{\n  std::ifstream opened(file);\n  std::string line;\n"
    '  std::getline(opened, line);\n  std::cout << file << ": " << line << std::endl;\n}}',
)
_CPP: Openers = {
    ".root": (
        Opener(
            "ROOT",
            "#include <TFile.h>\n#include <memory>",
            "std::unique_ptr<TFile> opened(TFile::Open({name}.c_str()));\nopened->ls();",
            "for (const auto& file : {name}) {{\n"
            "  std::unique_ptr<TFile> opened(TFile::Open(file.c_str()));\n  opened->ls();\n}}",
        ),
    ),
    **dict.fromkeys((".csv", *_TEXTS), (_LINES,)),
}

# By what `languages.language` calls them in lower case.
OTHERS: Mapping[str, Openers] = {"r": _R, "julia": _JULIA, "c++": _CPP}


def openers(known: Openers, name: str) -> tuple[Opener, ...]:
    """List what opens a file of this name, the usual first; the longest ending tells."""
    endings = (ending for ending in known if name.lower().endswith(ending))
    return known.get(max(endings, key=len, default=""), ())
