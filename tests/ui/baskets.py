"""A stand-in of ESAP with a basket of all kinds, and an archive, for the browser tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_dlaas.lake import EmbeddedLake

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kernel"))
from esap import Esap, jwt, rucio
from standin import Answer, StandIn


@contextmanager
def esap(lake: EmbeddedLake) -> Iterator[Esap]:
    """Bring up an ESAP; its archive's certificate is signed by the lake's authority."""
    pki = Path(lake.layout.pki)
    table = Answer(200, b"SIMPLE  =                    T" * 100)
    archive = StandIn(lambda _: table, (pki / "server.pem", pki / "server.key"))
    items = [
        rucio("ATLAS_OD_EDU:4lep_mc_llll", bytes=None),
        rucio("ATLAS_OD_EDU:4lep_mc_Zee"),
        rucio("LOFAR_ASTRON_PANDEY:UseCase2_Imageset"),
        {"archive": "vo_reg", "record": ["M51, Hubble", f"{archive.url}/m51.fits?sig=x", 3]},
        {"archive": "zooniverse", "catalog": "project", "project_id": 7, "category": "subjects"},
    ]
    found = Esap(items, jwt(86400))
    try:
        yield found
    finally:
        found.close()
        archive.close()
