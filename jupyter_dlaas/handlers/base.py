"""What all handlers share: who may call them, how they answer, how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jupyter_server.auth import decorator as authorization
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from dlaas import errors
from dlaas.errors import DlaasError, InternalError, InvalidInput, problem
from dlaas.lake import Lake
from dlaas.model import Problem, to_json
from jupyter_dlaas.validation import parse_body

if TYPE_CHECKING:
    from jupyter_dlaas.app import DlaasExtension
    from jupyter_dlaas.here import LocalStream
    from jupyter_dlaas.service import Stream

    AnyStream = Stream[bytes] | LocalStream[bytes]

R = TypeVar("R")
M = TypeVar("M", bound=Callable[..., Any])

RESOURCE = "dlaas"
_LARGEST_BODY = 1_000_000
_NDJSON = "application/x-ndjson"
_PROBLEMS = {
    400: Problem("BadRequest", "The request cannot be understood.", "us", "Reload the page."),
    403: Problem(
        "Forbidden", "Jupyter does not let you do that.", "you", "Reload the page and log in again."
    ),
    404: Problem(
        "NoSuchAddress",
        "There is no such address.",
        "us",
        "Reload the page: panel and server extension may be of different versions.",
    ),
    405: Problem(
        "NoSuchMethod", "That cannot be done with this address.", "us", "Reload the page."
    ),
}


def authorized(action: str) -> Callable[[M], M]:
    """Let Jupyter's authorizer decide; stands below `web.authenticated` at every method.

    Jupyter's decorator keeps the action and the resource of the first request that it sees, so both
    are given.
    """
    return cast("Callable[[M], M]", authorization.authorized(action, RESOURCE))


class DlaasHandler(ExtensionHandlerMixin, APIHandler):
    """Answers JSON; every error is answered as a `Problem` with the status of its class."""

    auth_resource = RESOURCE
    _stream: AnyStream | None = None

    @property
    def app(self) -> DlaasExtension:
        """The extension, which holds sessions, service, jobs and events."""
        # Tornado keeps its settings without types.
        return self.settings["dlaas"]  # type: ignore[no-any-return]

    @property
    def arguments(self) -> Mapping[str, str]:
        """The query's arguments; of one that is given twice the last counts."""
        # JupyterLab appends the time as a name of digits, against caches.
        names = (name for name in self.request.query_arguments if not name.isdigit())
        return {name: self.get_query_argument(name) for name in names}

    def set_default_headers(self) -> None:
        """Keep answers out of caches and let proxies pass on rows as they come."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")

    def body(self, kind: type[R]) -> R:
        """Read the request's body; raises `InvalidInput`.

        Jupyter's own way would log a body that is not JSON, and with it a password.
        """
        if len(self.request.body) > _LARGEST_BODY:
            raise InvalidInput("The request's body is too long.")
        return parse_body(self.request.body, kind)

    def answer(self, value: Any, status: int = 200) -> None:
        """Answer what the model can express."""
        self.set_status(status)
        self.finish(json.dumps(to_json(value)))

    async def answer_rows(
        self, instance: str, make: Callable[[Lake], Iterable[Any]], limit: int
    ) -> None:
        """Answer rows as NDJSON while they come, at most `limit`.

        What fails after the first is told in the last line.
        """
        stream = await self.app.service.rows(instance, lambda lake: lines(make(lake), limit + 1))
        await self.answer_stream(stream, limit)

    async def answer_stream(self, stream: AnyStream, limit: int) -> None:
        """Answer `lines` as `answer_rows` does."""
        self._stream = stream
        try:
            await self._write_rows(stream, limit)
        except StreamClosedError:
            # The client has gone, and with it who would read the rest.
            return
        finally:
            stream.close()

    def on_connection_close(self) -> None:
        """Stop what Rucio still sends to a client that has gone."""
        if self._stream is not None:
            self._stream.close()
        super().on_connection_close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer any error as a `Problem`."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if error is None or isinstance(error, HTTPError):
            found = _http_problem(status_code)
        else:
            found = problem(error)
            self.set_status(getattr(errors, found.error, InternalError).status)
        self.finish(json.dumps(to_json(found)))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what was expected in a line, what was not with its traceback, and never a secret."""
        redactor = self.app.sessions.redactor
        if isinstance(value, DlaasError) and value.status < 500:
            self.log.info("%s", redactor.redact(f"{type(value).__name__}: {value}"))
        elif isinstance(value, DlaasError):
            self.log.warning("%s", redactor.redact(f"{type(value).__name__}: {value}"))
        elif isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)
        elif value is not None:
            self.log.error("%s", redactor.explain(value))

    async def _write_rows(self, stream: AnyStream, limit: int) -> None:
        batch = await stream.next()
        left = limit
        end: dict[str, Any] = {}
        try:
            while batch:
                self.set_header("Content-Type", _NDJSON)
                self.write(b"".join(batch[:left]))
                left -= len(batch)
                if left < 0:
                    break
                await self.flush()
                batch = await stream.next()
        except StreamClosedError:
            raise
        except Exception as error:
            self.log_exception(type(error), error, error.__traceback__)
            end = {"problem": to_json(problem(error))}
        end = end or {"end": True, "truncated": left < 0}
        self.finish(json.dumps(end) + "\n", set_content_type=_NDJSON)


def lines(rows: Iterable[Any], limit: int) -> Iterator[bytes]:
    """Turn rows into lines of JSON; on a worker, for it costs more than sending them."""
    for row in islice(rows, limit):
        yield json.dumps(to_json(row)).encode() + b"\n"


def _http_problem(status: int) -> Problem:
    return _PROBLEMS.get(status) or Problem(
        "HTTPError", f"The server answered {status}.", "us", "Reload the page."
    )
