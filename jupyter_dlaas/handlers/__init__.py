"""The HTTP API: thin, for what it does lives in the managers that it calls."""

from __future__ import annotations

from jupyter_dlaas.handlers.base import DlaasHandler
from jupyter_dlaas.handlers.basket import (
    BasketDownloadHandler,
    BasketHandler,
    BasketImportHandler,
    BasketReadHandler,
    BasketRemoveHandler,
    BasketUseHandler,
)
from jupyter_dlaas.handlers.catalogue import (
    ActivitiesHandler,
    ContentsHandler,
    DatesHandler,
    LookUpHandler,
    MetadataHandler,
    ParentsHandler,
    PathsHandler,
    QoSHandler,
    ReplicasHandler,
    RSEsHandler,
    ScopesHandler,
    SearchHandler,
    UsageHandler,
)
from jupyter_dlaas.handlers.here import CacheHandler, DoctorHandler
from jupyter_dlaas.handlers.login import (
    CertificatesHandler,
    InstancesHandler,
    LoginHandler,
    PopupHandler,
    RenewHandler,
)
from jupyter_dlaas.handlers.missing import MissingHandler
from jupyter_dlaas.handlers.opendata import (
    OpenDataHandler,
    OpenDownloadsHandler,
    OpenItemHandler,
)
from jupyter_dlaas.handlers.rules import (
    RuleCheckHandler,
    RuleHandler,
    RuleMoveHandler,
    RulesHandler,
    StatusHandler,
)
from jupyter_dlaas.handlers.suggestions import CompleteHandler, KeysHandler, SnippetsHandler
from jupyter_dlaas.handlers.transfers import (
    DownloadsHandler,
    JobFilesHandler,
    JobHandler,
    JobLogHandler,
    JobsHandler,
    PublicationsHandler,
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
    (r"dlaas/basket", BasketHandler),
    (r"dlaas/basket/read", BasketReadHandler),
    (r"dlaas/basket/import", BasketImportHandler),
    (r"dlaas/basket/use", BasketUseHandler),
    (r"dlaas/basket/remove", BasketRemoveHandler),
    (r"dlaas/basket/download", BasketDownloadHandler),
    (r"dlaas/cache", CacheHandler),
    (r"dlaas/doctor", DoctorHandler),
    (rf"{_INSTANCE}/login", LoginHandler),
    (rf"{_INSTANCE}/login/renew", RenewHandler),
    (rf"{_INSTANCE}/login/go/([\w-]+)", PopupHandler),
    (rf"{_INSTANCE}/certificates", CertificatesHandler),
    (rf"{_INSTANCE}/dids", SearchHandler),
    (rf"{_INSTANCE}/lookup", LookUpHandler),
    (rf"{_INSTANCE}/contents", ContentsHandler),
    (rf"{_INSTANCE}/metadata", MetadataHandler),
    (rf"{_INSTANCE}/dates", DatesHandler),
    (rf"{_INSTANCE}/replicas", ReplicasHandler),
    (rf"{_INSTANCE}/parents", ParentsHandler),
    (rf"{_INSTANCE}/paths", PathsHandler),
    (rf"{_INSTANCE}/keys", KeysHandler),
    (rf"{_INSTANCE}/complete", CompleteHandler),
    (rf"{_INSTANCE}/snippets", SnippetsHandler),
    (rf"{_INSTANCE}/status", StatusHandler),
    (rf"{_INSTANCE}/rules", RulesHandler),
    (rf"{_INSTANCE}/rules/check", RuleCheckHandler),
    (rf"{_INSTANCE}/rules/([0-9a-f]{{32}})", RuleHandler),
    (rf"{_INSTANCE}/rules/([0-9a-f]{{32}})/move", RuleMoveHandler),
    (rf"{_INSTANCE}/qos", QoSHandler),
    (rf"{_INSTANCE}/activities", ActivitiesHandler),
    (rf"{_INSTANCE}/scopes", ScopesHandler),
    (rf"{_INSTANCE}/rses", RSEsHandler),
    (rf"{_INSTANCE}/usage", UsageHandler),
    (rf"{_INSTANCE}/uploads", UploadsHandler),
    (rf"{_INSTANCE}/downloads", DownloadsHandler),
    (rf"{_INSTANCE}/publications", PublicationsHandler),
    (rf"{_INSTANCE}/opendata", OpenDataHandler),
    (rf"{_INSTANCE}/opendata/item", OpenItemHandler),
    (rf"{_INSTANCE}/opendata/downloads", OpenDownloadsHandler),
    (r"dlaas(?:/.*)?", MissingHandler),
]
