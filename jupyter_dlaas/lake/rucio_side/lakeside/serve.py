"""The genuine Rucio server, its REST interface, under cheroot: `python -m lakeside.serve
DIRECTORY`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

from . import database, lifetimes
from .service import Service
from .tls import serve_https

NO_NEWS = (
    "Booleans should only accept true/false",
    # Of keys whose media type is the standard's.
    "Wrong Content_type",
)


def with_slashes(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Decode the slashes of names such as /store/x, as Apache does before a production Rucio."""

    def decoded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("%2F", "/").replace("%2f", "/")
        return application(environ, start_response)

    return decoded


def is_news(record: logging.LogRecord) -> bool:
    """Whether a message is worth a line: Rucio warns of its own defaults, at every request."""
    return not any(text in record.getMessage() for text in NO_NEWS)


def main() -> None:
    service = Service("rucio")
    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)
    database.adapt(service.state)
    # By it Rucio believes its identity provider.
    os.environ["REQUESTS_CA_BUNDLE"] = str(service.layout.ca)
    lifetimes.apply(service.layout)
    from rucio.web.rest.flaskapi.v1.main import application

    serve_https(service, with_slashes(application))


if __name__ == "__main__":
    main()
