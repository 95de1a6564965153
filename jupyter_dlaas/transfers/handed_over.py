"""Orders of kernels: what they name lies anywhere on this machine, as for the kernel itself."""

from __future__ import annotations

from dlaas.background import HandedOver
from dlaas.model import DownloadRequest, UploadRequest
from jupyter_dlaas.transfers.download_orders import DownloadOrder
from jupyter_dlaas.transfers.orders import Order
from jupyter_dlaas.transfers.upload_orders import FilesOrder, UploadOrder, Wanted

# A kernel may read and write what its user may.
_ROOT = "/"


def order_of(handed: HandedOver) -> Order:
    """Make an order of what a kernel has handed over; raises `TypeError` for another version's."""
    account = handed.account
    if handed.kind == "download":
        download = DownloadRequest(handed.did or "", handed.path, **handed.options)
        return DownloadOrder(download, _ROOT, hidden=True, account=account)
    if handed.kind == "uploads":
        wanted = tuple(Wanted(path, did, 0, 0) for path, did in handed.uploads)
        return FilesOrder(
            UploadRequest(**handed.options), _ROOT, hidden=True, files=wanted, account=account
        )
    upload = UploadRequest(handed.path, handed.did, **handed.options)
    return UploadOrder(upload, _ROOT, hidden=True, account=account)
