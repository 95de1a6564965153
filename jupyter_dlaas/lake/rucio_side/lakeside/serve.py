"""The genuine Rucio server, its REST interface, under cheroot: `python -m lakeside.serve
DIRECTORY`.
"""

from __future__ import annotations

from . import database
from .service import Service
from .tls import serve_https


def main() -> None:
    service = Service("rucio")
    database.adapt(service.state)
    from rucio.web.rest.flaskapi.v1.main import application

    serve_https(service, application)


if __name__ == "__main__":
    main()
