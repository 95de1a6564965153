"""From the exceptions of Rucio and of requests to ours: who is to blame, and what to do."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from dlaas import errors
from dlaas.errors import DlaasError

# Rucio's exception class -> ours. What is not here is RucioFailed, with Rucio's own words.
KINDS: dict[str, type[DlaasError]] = {
    # The account may not do this.
    "AccessDenied": errors.AccessDenied,
    "CannotAuthorize": errors.AccessDenied,
    "ManualRuleApprovalBlocked": errors.AccessDenied,
    "RSEWriteBlocked": errors.AccessDenied,
    "RuleReplaceFailed": errors.AlreadyThere,
    "ReplicaIsLocked": errors.AccessDenied,
    "ScopeAccessDenied": errors.AccessDenied,
    # Quota.
    "InsufficientAccountLimit": errors.InsufficientAccountLimit,
    "RSEOverQuota": errors.InsufficientAccountLimit,
    # The login.
    "CannotAuthenticate": errors.CannotAuthenticate,
    "IdentityError": errors.CannotAuthenticate,
    "IdentityNotFound": errors.CannotAuthenticate,
    "NoAuthInformation": errors.LoginRequired,
    # It is not there.
    "AccountNotFound": errors.NotThere,
    "DataIdentifierNotFound": errors.DataIdentifierNotFound,
    "OpenDataDataIdentifierNotFound": errors.DataIdentifierNotFound,
    "ConnectionParameterNotFound": errors.NotThere,
    "CounterNotFound": errors.NotThere,
    "KeyNotFound": errors.NotThere,
    "LifetimeExceptionNotFound": errors.NotThere,
    "RSEAttributeNotFound": errors.NotThere,
    "RSENotFound": errors.RSENotFound,
    "ReplicaNotFound": errors.NotAvailable,
    "ReplicaUnAvailable": errors.NotAvailable,
    "MissingSourceReplica": errors.NotAvailable,
    "RequestNotFound": errors.NotThere,
    "RuleNotFound": errors.RuleNotFound,
    "ScopeNotFound": errors.ScopeNotFound,
    "SourceNotFound": errors.NotAvailable,
    "SubscriptionNotFound": errors.NotThere,
    "TraceValidationSchemaNotFound": errors.NotThere,
    "VONotFound": errors.NotThere,
    # It is there.
    "DataIdentifierAlreadyExists": errors.DataIdentifierAlreadyExists,
    "Duplicate": errors.AlreadyThere,
    "DuplicateContent": errors.AlreadyThere,
    "DuplicateFileTransferSubmission": errors.AlreadyThere,
    "DuplicateRule": errors.DuplicateRule,
    "FileAlreadyExists": errors.DataIdentifierAlreadyExists,
    "FileReplicaAlreadyExists": errors.DataIdentifierAlreadyExists,
    "LifetimeExceptionDuplicate": errors.AlreadyThere,
    "OpenDataDataIdentifierAlreadyExists": errors.AlreadyThere,
    "OpenDataDuplicateDOI": errors.AlreadyThere,
    "OpenDataDuplicateRecordID": errors.AlreadyThere,
    "SubscriptionDuplicate": errors.AlreadyThere,
    # What was asked makes no sense.
    "ClientParameterMismatch": errors.InvalidInput,
    "DIDError": errors.InvalidDID,
    "DIDFilterSyntaxError": errors.InvalidInput,
    "DuplicateCriteriaInDIDFilter": errors.InvalidInput,
    "FileConsistencyMismatch": errors.ChecksumMismatch,
    "FilterEngineGenericError": errors.InvalidInput,
    "InputValidationError": errors.InvalidInput,
    "InsufficientTargetRSEs": errors.InsufficientTargetRSEs,
    "InvalidAccountType": errors.InvalidInput,
    "InvalidMetadata": errors.InvalidMetadata,
    "InvalidObject": errors.InvalidInput,
    "InvalidPath": errors.InvalidInput,
    "InvalidRSEExpression": errors.InvalidRSEExpression,
    "InvalidReplicationRule": errors.InvalidInput,
    "InvalidRequest": errors.InvalidInput,
    "InvalidRuleWeight": errors.InvalidInput,
    "InvalidSourceReplicaExpression": errors.InvalidRSEExpression,
    "InvalidType": errors.InvalidInput,
    "InvalidValueForKey": errors.InvalidInput,
    "MetadataSchemaMismatchError": errors.InvalidMetadata,
    "NameTypeError": errors.InvalidDID,
    "OpenDataInvalidState": errors.InvalidInput,
    "OpenDataInvalidStateUpdate": errors.InvalidInput,
    "RSEFileNameNotSupported": errors.InvalidDID,
    "ScratchDiskLifetimeConflict": errors.InvalidLifetime,
    "SortingAlgorithmNotSupported": errors.InvalidInput,
    "StagingAreaRuleRequiresLifetime": errors.InvalidLifetime,
    "SubscriptionWrongParameter": errors.InvalidInput,
    "UnsupportedAccountName": errors.InvalidInput,
    "UnsupportedDIDType": errors.InvalidInput,
    "UnsupportedKeyType": errors.InvalidInput,
    "UnsupportedMetadataPlugin": errors.InvalidMetadata,
    "UnsupportedOperation": errors.InvalidInput,
    "UnsupportedRequestedContentType": errors.InvalidInput,
    "UnsupportedStatus": errors.InvalidInput,
    "UnsupportedValueType": errors.InvalidInput,
    # The configuration on this machine.
    "ClientProtocolNotFound": errors.ConfigurationError,
    "ClientProtocolNotSupported": errors.ConfigurationError,
    "ConfigLoadingError": errors.ConfigurationError,
    "ConfigNotFound": errors.ConfigurationError,
    "ErrorLoadingCredentials": errors.ConfigurationError,
    "MissingClientParameter": errors.ConfigurationError,
    "MissingDependency": errors.ConfigurationError,
    "MissingModuleException": errors.ConfigurationError,
    # The storage.
    "ChecksumCalculationError": errors.StorageFailed,
    "DestinationNotAccessible": errors.StorageFailed,
    "FullStorage": errors.StorageFailed,
    "NoFilesDownloaded": errors.StorageFailed,
    "NoFilesUploaded": errors.StorageFailed,
    "NotAllFilesDownloaded": errors.StorageFailed,
    "NotAllFilesUploaded": errors.StorageFailed,
    "RSEAccessDenied": errors.StorageRefused,
    "RSEChecksumUnavailable": errors.StorageFailed,
    "RSENotConnected": errors.StorageFailed,
    "RSEOperationNotSupported": errors.StorageFailed,
    "RSEProtocolDomainNotSupported": errors.StorageFailed,
    "RSEProtocolNotSupported": errors.StorageFailed,
    "RSEProtocolPriorityError": errors.StorageFailed,
    "ServiceUnavailable": errors.StorageFailed,
    "SourceAccessDenied": errors.StorageRefused,
    # The network.
    "ServerConnectionException": errors.Unreachable,
}


def translated(exc: Exception) -> DlaasError:
    """Turn an exception of rucio-clients, requests or the socket layer into one of ours."""
    if isinstance(exc, DlaasError):
        return exc
    if type(exc).__module__.startswith("rucio."):
        return from_name(type(exc).__name__, "; ".join(str(arg) for arg in exc.args if arg))
    url = getattr(getattr(exc, "request", None), "url", None)
    return from_network(exc, origin(url) if url else "the service")


def is_foreign(exc: Exception) -> bool:
    """Tell whether `translated` knows the library that raised this."""
    return type(exc).__module__.partition(".")[0] in {"rucio", "requests", "urllib3"}


def from_name(name: str, message: str, status: int | None = None) -> DlaasError:
    """Turn what Rucio answered, the name of its exception and its words, into one of our errors."""
    text = clean(message)
    if status == 400 and "Token must be set" in message:
        return errors.LoginRequired("Rucio was asked without a login.")
    kind = KINDS.get(name)
    if kind is None:
        if status in (413, 414):
            return errors.InvalidInput(
                "More was asked at once than Rucio takes.", remedy="Ask in several smaller parts."
            )
        if status == 401:
            return errors.CannotAuthenticate(f"Rucio no longer accepts the login{_colon(text)}")
        if status == 404:
            return errors.NotThere(f"Rucio does not know it{_colon(text)}")
        return errors.RucioFailed(_told(name, text, status), details={"class": name})
    return kind(_told(name, text, status), details={"class": name})


def _told(name: str, text: str, status: int | None) -> str:
    known = KINDS.get(name)
    if known is errors.CannotAuthenticate:
        return f"Rucio does not accept the login{_colon(text)}"
    if known is errors.AccessDenied:
        return f"Rucio does not allow it{_colon(text)}"
    code = f" {status}" if status and known is None else ""
    return f"Rucio answered {name}{code}{_colon(text)}"


def _colon(text: str) -> str:
    return f": {text}" if text else "."


def clean(message: str) -> str:
    """Make a sentence of what a server said: no traceback, no markup, no secret, not long."""
    text = re.sub(r"<[^>]{0,200}>", " ", message)
    text = text.split("Traceback (most recent call last)")[0]
    text = re.sub(r"(?i)(token|password|passwd|secret|bearer)(\W{1,3})[^\s,;]{8,}", r"\1\2…", text)
    text = re.sub(r"\b[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b", "…", text)
    text = " ".join(text.replace("Details:", " ").split())
    text = text[:299] + "…" if len(text) > 300 else text
    return text if not text or text[-1] in ".!?…" else text + "."


def origin(url: str) -> str:
    """Name scheme, host and port of a URL, without user, path or query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def from_network(exc: BaseException, where: str) -> DlaasError:
    """Turn a failed connection to `where` into an error that tells TLS, time and network apart."""
    causes = list(_chain(exc))
    tls = next(
        (c for c in causes if isinstance(c, ssl.SSLError) or "SSL" in type(c).__name__), None
    )
    if tls is not None:
        return _tls(tls, where)
    names = {type(cause).__name__ for cause in causes}
    if any(
        isinstance(cause, TimeoutError) or "Timeout" in name for cause in causes for name in names
    ):
        return errors.TookTooLong(f"{where} did not answer in time.")
    if any("NameResolution" in name or name == "gaierror" for name in names):
        return errors.Unreachable(f"The name of {where} is not known to the network.")
    if "ConnectionRefusedError" in names or "refused" in str(exc):
        return errors.Unreachable(f"Nothing answers at {where}.")
    return errors.Unreachable(f"The connection to {where} failed ({type(causes[-1]).__name__}).")


def _tls(tls: BaseException, where: str) -> DlaasError:
    found = re.search(r"certificate verify failed: ([^(\[]+)", str(tls))
    if found or "CERTIFICATE_VERIFY_FAILED" in str(tls):
        why = found[1].strip() if found else "it cannot be verified"
        if "not yet valid" in why or "expired" in why:
            return errors.Unreachable(
                f"The certificate of {where} is not trusted: {why}.",
                remedy="Nothing was sent. See that this machine's clock is right, and tell whoever"
                " runs that service.",
            )
        return errors.Unreachable(
            f"The certificate of {where} is not trusted: {why}.",
            remedy="Nothing was sent. Set the instance's rucio_ca_cert, or ask who runs it.",
        )
    if "hostname" in str(tls).lower() and "match" in str(tls).lower():
        return errors.Unreachable(
            f"The certificate of {where} is for another host; nothing was sent."
        )
    if "ALERT" in str(tls).upper():
        return errors.StorageRefused(
            f"{where} refused the TLS connection, perhaps the certificate."
        )
    return errors.Unreachable(
        f"No secure connection to {where} could be made ({type(tls).__name__})."
    )


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and whatever it wraps, also in `args` and `reason`."""
    seen: set[int] = set()
    todo: list[Any] = [exc]
    while todo:
        item = todo.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        todo += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
