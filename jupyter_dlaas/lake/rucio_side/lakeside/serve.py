"""The genuine Rucio server, its REST interface, under cheroot: `python -m lakeside.serve
DIRECTORY`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from . import database
from .service import Service
from .tls import serve_https


def with_slashes(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Decode the slashes of names such as /store/x, as Apache does before a production Rucio."""

    def decoded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("%2F", "/").replace("%2f", "/")
        return application(environ, start_response)

    return decoded


def is_news(record: logging.LogRecord) -> bool:
    """Whether a message is worth a line: Rucio warns of its own defaults, at every request."""
    return "Booleans should only accept true/false" not in record.getMessage()


def main() -> None:
    service = Service("rucio")
    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)
    database.adapt(service.state)
    from rucio.web.rest.flaskapi.v1.main import application

    serve_https(service, with_slashes(application))


if __name__ == "__main__":
    main()
