"""Addresses that are not there, so that their errors look like all others."""

from __future__ import annotations

from tornado import web

from jupyter_dlaas.handlers.base import DlaasHandler, authorized


class MissingHandler(DlaasHandler):
    """Everything below `dlaas/` that is nothing else."""

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        """Say that there is no such address."""
        raise web.HTTPError(404)

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        """Say that there is no such address."""
        raise web.HTTPError(404)

    @web.authenticated
    @authorized("write")
    async def put(self) -> None:
        """Say that there is no such address."""
        raise web.HTTPError(404)

    @web.authenticated
    @authorized("write")
    async def patch(self) -> None:
        """Say that there is no such address."""
        raise web.HTTPError(404)

    @web.authenticated
    @authorized("write")
    async def delete(self) -> None:
        """Say that there is no such address."""
        raise web.HTTPError(404)
