"""rucio-clients' client with what must never happen overridden.

It never prompts, never prints, never reads or writes a token file, never logs in from an error
path, never goes without a timeout, never follows a redirect to a stranger, and needs no rucio.cfg.
Its methods raise our errors.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from rucio.client.client import Client
from rucio.common.utils import parse_response

from dlaas.errors import DlaasError, LoginRequired, RucioFailed
from dlaas.rucio.translate import from_name, from_network, origin
from dlaas.rucio.wire import Wire, send_with_token

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials import Credential

# A rule on many files is made before Rucio answers: 26 s for 10,000 files on a slow server.
_SLOW_TIMEOUT = 300.0


# rucio-clients publishes no types.
class LakeClient(Client):  # type: ignore[misc]
    """The calls of rucio-clients over our own wire."""

    # The parent's initialiser reads rucio.cfg and os.environ, keeps tokens by account name in /tmp,
    # and logs in.
    def __init__(self, instance: Instance, account: str | None, credential: Credential) -> None:
        self.host = instance.rucio_base_url
        self.auth_host = instance.auth_url
        self.trace_host = instance.rucio_base_url
        self.list_hosts = [self.host]
        self.account = account
        self.vo = instance.vo or "def"
        self.timeout = instance.request_timeout
        self.logger = logging.getLogger("dlaas.rucio")
        self.headers: dict[str, str] = {}
        self.ca_cert = instance.rucio_ca_cert or True
        self.auth_token = ""
        self._credential = credential
        self._instance = instance
        self._wire = Wire(instance)
        self._app = instance.app_id or "dlaas"

    def close_connections(self) -> None:
        """Close the connections."""
        self._wire.close()

    def first_dids(self, scope: str, name: str, limit: int) -> Generator[Any, None, None]:
        """Begin to read the DIDs of a scope whose names match a pattern, and no more than `limit`.

        The parent's `list_dids` has no limit: Rucio would look for a million names.
        """
        path = f"{self.DIDS_BASEURL}/{quote(scope, safe='')}/dids/search"
        params = {"type": "all", "long": True, "limit": limit, "filters": repr([{"name": name}])}
        return self._load_json_data(
            self._send_request(f"{self.host}/{path}", "GET", params=params, stream=True)
        )

    def _send_request(
        self,
        url: str,
        method: Any,
        headers: dict[str, str] | None = None,
        data: Any = None,
        params: Any = None,
        stream: bool = False,
        **_unused: Any,
    ) -> requests.Response:
        verb = str(getattr(method, "value", method))
        common = {"X-Rucio-VO": self.vo, "X-Rucio-Script": self._app, "User-Agent": "jupyter-dlaas"}
        if self.account:
            common["X-Rucio-Account"] = self.account
        common.update(headers or {})
        timeout = _SLOW_TIMEOUT if verb == "POST" and url.endswith("/rules/") else None
        return send_with_token(
            self._instance,
            self._credential,
            lambda token: self._wire.request(
                verb,
                url,
                headers={**common, "X-Rucio-Auth-Token": token.value},
                params=params,
                data=data,
                stream=stream or verb == "GET",
                timeout=timeout,
            ),
        )

    def _load_json_data(self, response: requests.Response) -> Generator[Any, None, None]:
        """Read an answer line by line; a cut in the middle is an error, never a shorter list."""
        kind = response.headers.get("content-type", "")
        try:
            if kind.startswith("application/x-json-stream"):
                for line in response.iter_lines(chunk_size=65536):
                    if line:
                        # Only rows with a time need Rucio's parser, which looks at each value.
                        yield parse_response(line) if b" UTC" in line else json.loads(line)
            elif kind.startswith("application/json"):
                yield parse_response(response.text)
            elif kind.startswith("text/html") and response.text.lstrip().startswith("<"):
                raise RucioFailed(f"{origin(response.url)} answered a page: it is not Rucio.")
            elif response.text:
                yield response.text
        except ValueError:
            raise RucioFailed(f"{origin(response.url)} answered what is no JSON.") from None
        except requests.RequestException as error:
            raise from_network(error, origin(response.url)) from None
        finally:
            response.close()

    def _get_exception(
        self, headers: Any, status_code: int | None = None, data: Any = None
    ) -> tuple[Callable[[str], DlaasError], str]:
        # Only reached for a 2xx that the parent's method did not expect.
        name = headers.get("ExceptionClass", "an unexpected answer")
        return lambda message: from_name(name, message, status_code), f"HTTP status {status_code}"

    def _get_auth_tokens(self) -> tuple[None, str, str, str]:
        raise _no_login()

    def _BaseClient__authenticate(self) -> None:
        raise _no_login()

    def _BaseClient__get_token(self) -> None:
        raise _no_login()

    def _BaseClient__read_token(self) -> bool:
        raise _no_login()

    def _BaseClient__write_token(self) -> None:
        raise _no_login()


def _no_login() -> DlaasError:
    return LoginRequired("rucio-clients tried to log in by itself.")
