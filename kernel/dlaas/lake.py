"""One Rucio instance as one account: find data, make it available, write results back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, overload

from dlaas.catalogue import SearchType
from dlaas.catalogue.plans import Plans
from dlaas.config import Instance
from dlaas.lifetime import Lifetime, Until
from dlaas.model import Sought, Status, Uploaded
from dlaas.query.conditions import Written
from dlaas.rucio.connection import register

if TYPE_CHECKING:
    from dlaas.access import Ranking
    from dlaas.background import Transfer
    from dlaas.credentials import Credential
    from dlaas.publish import Provenance, Published
    from dlaas.transfer.download import Downloaded
    from dlaas.transfer.report import Report
    from dlaas.transfer.upload.duplicates import Duplicates
    from dlaas.transfer.upload.sources import Sources


class Lake(Plans):
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

    def look_up(
        self,
        names: Iterable[str],
        type: SearchType = "all",  # noqa: A002
        where: Written | None = None,
        limit: int | None = None,
    ) -> Iterator[Sought]:
        """Look up any number of DIDs, five hundred in one question, and tell of each in its order.

        What cannot be found says why, and hides no other. Patterns, and every name where there is a
        `where`, are searched for one by one: see `search`; `limit` is for each pattern. Raises
        `InvalidInput` for conditions or a type that make no sense.
        """
        from dlaas.catalogue.lists import look_up

        return look_up(self, names, type, where, limit)

    def explain(self, did: str) -> Ranking:
        """Rank the ways in which a DID can be read from here, and say what speaks against each."""
        from dlaas.access import rank

        return rank(self, did)

    @overload
    def download(
        self,
        did: str,
        folder: str | PathLike[str] | None = ...,
        *,
        progress: Callable[[int, int], None] | None = ...,
        cancelled: Callable[[], bool] | None = ...,
        overwrite: bool = ...,
        checksums: str | Iterable[str] = ...,
        background: Literal[False] = ...,
    ) -> Downloaded: ...

    @overload
    def download(
        self,
        did: str,
        folder: str | PathLike[str] | None = ...,
        *,
        overwrite: bool = ...,
        background: Literal[True],
    ) -> Transfer: ...

    def download(
        self,
        did: str,
        folder: str | PathLike[str] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        overwrite: bool = False,
        checksums: str | Iterable[str] = (),
        background: bool = False,
    ) -> Downloaded | Transfer:
        """Download a DID into a folder, or into the cache, and verify it.

        `progress` hears bytes done and bytes in all; when `cancelled` answers True it stops, and
        what has come is kept for the next time. A file that is there already is not fetched again;
        one that differs is only replaced with `overwrite`. A file that fails raises its error; a
        collection answers a report of what was fetched, kept and failed. Of `checksums` (adler32,
        md5, sha256) those that are named are in the report, md5 compared with the catalogue's. With
        `background` the Jupyter server does it, also after this kernel has ended, and a handle is
        answered.
        """
        if background:
            from dlaas import background as server

            return server.download(self, did, folder, overwrite=overwrite)
        from dlaas.transfer.download import download

        return download(
            self, did, folder,
            progress=progress, cancelled=cancelled, overwrite=overwrite, checksums=checksums,
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

    @overload
    def upload(
        self,
        path: str | PathLike[str],
        did: str,
        *,
        dataset: str | None = ...,
        lifetime: Lifetime | None = ...,
        until: Until | None = ...,
        rse: str | None = ...,
        progress: Callable[[int, int], None] | None = ...,
        cancelled: Callable[[], bool] | None = ...,
        background: Literal[False] = ...,
    ) -> Uploaded: ...

    @overload
    def upload(
        self,
        path: str | PathLike[str],
        did: str,
        *,
        dataset: str | None = ...,
        lifetime: Lifetime | None = ...,
        until: Until | None = ...,
        rse: str | None = ...,
        background: Literal[True],
    ) -> Transfer: ...

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
        background: bool = False,
    ) -> Uploaded | Transfer:
        """Upload a file, verify it on the storage, and only then register and protect it.

        `progress` hears bytes done and bytes in all; when `cancelled` answers True the transfer
        stops and nothing is left. Without a lifetime it is kept until its rule is deleted. Raises
        `DataIdentifierAlreadyExists`, `ScopeNotFound`, `AccessDenied`, `InsufficientAccountLimit`,
        `StorageRefused`, `StorageFailed`, `ChecksumMismatch`, `Cancelled`; after any of them
        calling it again is safe. With `background` the Jupyter server does it, also after this
        kernel has ended, and a handle is answered.
        """
        if background:
            from dlaas import background as server

            return server.upload(
                self, path, did, dataset=dataset, lifetime=lifetime, until=until, rse=rse
            )
        from dlaas.transfer.upload import upload

        return upload(
            self, path, did,
            dataset=dataset, lifetime=lifetime, until=until, rse=rse,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip

    def publish(
        self,
        notebook: str | PathLike[str],
        scope: str,
        *,
        name: str | None = None,
        inputs: Iterable[str] = (),
        code: Sources = (),
        outputs: Sources = (),
        environment: str = "all",
        note: str | None = None,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        rse: str | None = None,
        even_with_secrets: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Published:
        """Publish a notebook with all that it takes to repeat it, as one closed dataset.

        It holds the notebook, its own modules and other `code`, `outputs` (files, folders or
        patterns; small ones in a bundle), the software (`environment` is "all", "imported" or a
        file), and the inputs that the notebook's record and `inputs` name, with the checksum of
        each file. Without a `name` it gets one that is made of the contents: calling it again goes
        on where it stopped, and changes nothing once it is complete. Raises `InvalidInput` where
        it seems to hold passwords or tokens, unless `even_with_secrets`; and what `upload` raises.
        """
        from dlaas.publish import publish

        return publish(
            self, notebook, scope,
            name=name, inputs=inputs, code=code, outputs=outputs, environment=environment,
            note=note, lifetime=lifetime, until=until, rse=rse,
            even_with_secrets=even_with_secrets, progress=progress, cancelled=cancelled,
        )  # fmt: skip

    def provenance(self, did: str) -> Provenance:
        """Answer where a DID came from: inputs, software, notebook, who and when.

        Raises `NotThere` where nobody has said so, and `DataIdentifierNotFound`.
        """
        from dlaas.publish import provenance

        return provenance.read(self, did)

    def set_provenance(
        self,
        did: str,
        *,
        inputs: Iterable[str] = (),
        notebook: str | PathLike[str] | None = None,
        note: str | None = None,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        rse: str | None = None,
    ) -> Provenance:
        """Keep where a DID came from: `inputs`, those of the notebook's record, and the software.

        It is metadata of the DID; where the server keeps none, a file beside it that is uploaded
        with the lifetime and RSE given. Raises `AccessDenied`, `DataIdentifierNotFound`.
        """
        from dlaas.publish.recording import record

        return record(
            self, did,
            inputs=inputs, notebook=notebook, note=note, lifetime=lifetime, until=until, rse=rse,
        )  # fmt: skip

    @overload
    def upload_many(
        self,
        files: Sources,
        scope: str | None = ...,
        *,
        dataset: str | None = ...,
        lifetime: Lifetime | None = ...,
        until: Until | None = ...,
        rses: str | Sequence[str] | None = ...,
        rules: Iterable[str | Mapping[str, Any]] = ...,
        duplicates: Duplicates = ...,
        base: str | PathLike[str] | None = ...,
        progress: Callable[[int, int], None] | None = ...,
        cancelled: Callable[[], bool] | None = ...,
        background: Literal[False] = ...,
    ) -> Report: ...

    @overload
    def upload_many(
        self,
        files: Sources,
        scope: str | None = ...,
        *,
        dataset: str | None = ...,
        lifetime: Lifetime | None = ...,
        until: Until | None = ...,
        rses: str | Sequence[str] | None = ...,
        rules: Iterable[str | Mapping[str, Any]] = ...,
        duplicates: Duplicates = ...,
        base: str | PathLike[str] | None = ...,
        background: Literal[True],
    ) -> Transfer: ...

    def upload_many(
        self,
        files: Sources,
        scope: str | None = None,
        *,
        dataset: str | None = None,
        lifetime: Lifetime | None = None,
        until: Until | None = None,
        rses: str | Sequence[str] | None = None,
        rules: Iterable[str | Mapping[str, Any]] = (),
        duplicates: Duplicates = "fail",
        base: str | PathLike[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        background: bool = False,
    ) -> Report | Transfer:
        """Upload a folder, a glob, a list of paths, or a mapping of paths to DIDs; report on each.

        Names are paths below the folder, below the steady part of the glob, or below `base`. The
        bytes go to the first of `rses`; rules keep them there and on the others, and as `rules`
        say: RSE expressions, or mappings of `rse_expression`, `copies`, `lifetime`, `until`. A new
        `dataset` is made with these rules. A file that is there with the same checksum is skipped
        and attached; of one with other contents `duplicates` decides: `fail`, `skip`, `rename`
        (-2, -3), `version` (-v2, -v3). The rest goes on. Raises what `upload` raises before the
        first byte, `CannotAuthenticate` and `Cancelled`; calling it again sends nothing twice. With
        `background` the Jupyter server does it, and a handle is answered.
        """
        if background:
            from dlaas import background as server

            return server.upload_many(
                self, files, scope,
                dataset=dataset, lifetime=lifetime, until=until, rses=rses, rules=rules,
                duplicates=duplicates, base=base,
            )  # fmt: skip
        from dlaas.transfer.upload.many import upload_many

        return upload_many(
            self, files, scope,
            dataset=dataset, lifetime=lifetime, until=until, rses=rses, rules=rules,
            duplicates=duplicates, base=base, progress=progress, cancelled=cancelled,
        )  # fmt: skip
