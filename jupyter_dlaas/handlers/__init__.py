"""The HTTP API: thin, for what it does lives in the managers that it calls."""

from __future__ import annotations

from jupyter_dlaas.handlers.base import DlaasHandler
from jupyter_dlaas.handlers.catalogue import (
    ContentsHandler,
    MetadataHandler,
    RSEsHandler,
    ScopesHandler,
    SearchHandler,
    UsageHandler,
)
from jupyter_dlaas.handlers.login import (
    CertificatesHandler,
    InstancesHandler,
    LoginHandler,
    PopupHandler,
    RenewHandler,
)
from jupyter_dlaas.handlers.missing import MissingHandler
from jupyter_dlaas.handlers.rules import RuleHandler, RulesHandler, StatusHandler
from jupyter_dlaas.handlers.transfers import (
    DownloadsHandler,
    JobFilesHandler,
    JobHandler,
    JobLogHandler,
    JobsHandler,
    RetryHandler,
    UploadsHandler,
)

_INSTANCE = r"dlaas/([^/]+)"

# Below the server's base URL; the first that matches answers.
ROUTES: list[tuple[str, type[DlaasHandler]]] = [
    (r"dlaas/instances", InstancesHandler),
    (r"dlaas/jobs", JobsHandler),
    (r"dlaas/jobs/([0-9a-f]{32})", JobHandler),
    (r"dlaas/jobs/([0-9a-f]{32})/retry", RetryHandler),
    (r"dlaas/jobs/([0-9a-f]{32})/log", JobLogHandler),
    (r"dlaas/jobs/([0-9a-f]{32})/files", JobFilesHandler),
    (rf"{_INSTANCE}/login", LoginHandler),
    (rf"{_INSTANCE}/login/renew", RenewHandler),
    (rf"{_INSTANCE}/login/go/([\w-]+)", PopupHandler),
    (rf"{_INSTANCE}/certificates", CertificatesHandler),
    (rf"{_INSTANCE}/dids", SearchHandler),
    (rf"{_INSTANCE}/contents", ContentsHandler),
    (rf"{_INSTANCE}/metadata", MetadataHandler),
    (rf"{_INSTANCE}/status", StatusHandler),
    (rf"{_INSTANCE}/rules", RulesHandler),
    (rf"{_INSTANCE}/rules/([0-9a-f]{{32}})", RuleHandler),
    (rf"{_INSTANCE}/scopes", ScopesHandler),
    (rf"{_INSTANCE}/rses", RSEsHandler),
    (rf"{_INSTANCE}/usage", UsageHandler),
    (rf"{_INSTANCE}/uploads", UploadsHandler),
    (rf"{_INSTANCE}/downloads", DownloadsHandler),
    (r"dlaas(?:/.*)?", MissingHandler),
]
