"""Open data without an account: Rucio's public catalogue of it, its files over https."""

from dlaas.opendata.catalogue import OpenData
from dlaas.opendata.items import OpenFile, OpenItem, OpenState

__all__ = ["OpenData", "OpenFile", "OpenItem", "OpenState"]
