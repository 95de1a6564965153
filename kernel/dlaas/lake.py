"""One Rucio instance as one account: find data, make it available, write results back."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING

from dlaas.catalogue.rules import Rules
from dlaas.config import Instance
from dlaas.lifetime import Lifetime, Until
from dlaas.model import Status, Uploaded
from dlaas.rucio.connection import register

if TYPE_CHECKING:
    from dlaas.access import Ranking
    from dlaas.credentials import Credential
    from dlaas.transfer.download import Downloaded


class Lake(Rules):
    """One instance and one account; may be used from several threads.

    `instance` is a name, a configuration, or None for the default one; without `credentials` the
    login is that of the panel or of the environment.
    """

    def __init__(
        self,
        instance: str | Instance | None = None,
        *,
        account: str | None = None,
        credentials: Credential | None = None,
    ) -> None:
        super().__init__(instance, account=account, credentials=credentials)
        register(self)

    def status(self, did: str) -> Status:
        """Answer how much of a DID can be read from here, and until when, in a few calls."""
        from dlaas.catalogue.status import status

        return status(self, did)

    def explain(self, did: str) -> Ranking:
        """Rank the ways in which a DID can be read from here, and say what speaks against each."""
        from dlaas.access import rank

        return rank(self, did)

    def download(
        self,
        did: str,
        folder: str | PathLike[str] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        overwrite: bool = False,
    ) -> Downloaded:
        """Download a DID into a folder, or into the cache, and verify it.

        `progress` hears bytes done and bytes in all; when `cancelled` answers True it stops, and
        what has come is kept for the next time. A file that is there already is not fetched again;
        one that differs is only replaced with `overwrite`. A file that fails raises its error; a
        collection answers a report of what was fetched, kept and failed.
        """
        from dlaas.transfer.download import download

        return download(
            self, did, folder,
            progress=progress, cancelled=cancelled, overwrite=overwrite,
        )  # fmt: skip

    def check_upload(
        self,
        path: str | PathLike[str],
        did: str,
        *,
        dataset: str | None = None,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        rse: str | None = None,
    ) -> None:
        """Raise what `upload` would raise before the first byte is sent; changes nothing."""
        from dlaas.transfer.upload import check

        check(self, path, did, dataset=dataset, lifetime=lifetime, until=until, rse=rse)

    def upload(
        self,
        path: str | PathLike[str],
        did: str,
        *,
        dataset: str | None = None,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        rse: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Uploaded:
        """Upload a file, verify it on the storage, and only then register and protect it.

        `progress` hears bytes done and bytes in all; when `cancelled` answers True the transfer
        stops and nothing is left. Without a lifetime it is kept until its rule is deleted. Raises
        `DataIdentifierAlreadyExists`, `ScopeNotFound`, `AccessDenied`, `InsufficientAccountLimit`,
        `StorageRefused`, `StorageFailed`, `ChecksumMismatch`, `Cancelled`; after any of them
        calling it again is safe.
        """
        from dlaas.transfer.upload import upload

        return upload(
            self, path, did,
            dataset=dataset, lifetime=lifetime, until=until, rse=rse,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip
