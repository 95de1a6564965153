"""A login by certificate and key in files, as the configuration names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.credentials.proxy import not_accepted
from dlaas.credentials.tokens import Token
from dlaas.credentials.userpass import Repeatable
from dlaas.errors import CannotAuthenticate, ConfigurationError, LoginRequired

if TYPE_CHECKING:
    from dlaas.config import Instance


class Certificate(Repeatable):
    """A login by X.509 certificate or proxy; for a proxy certificate and key are one file."""

    def __init__(self, instance: Instance, account: str | None = None) -> None:
        super().__init__(instance, account)
        if not instance.client_cert:
            raise LoginRequired(f"No certificate is configured for {instance.title}.")
        for path in filter(None, (instance.client_cert, instance.client_key)):
            if not Path(path).is_file():
                raise ConfigurationError(f"The certificate file {path} is not there.")

    def _login(self) -> Token:
        from dlaas.rucio.wire import login

        method = "x509_proxy" if self._instance.auth_type == "x509_proxy" else "x509"
        cert = (self._instance.client_cert, self._instance.client_key or self._instance.client_cert)
        try:
            return login(self._instance, method, self._account, cert=cert)
        except CannotAuthenticate as error:
            named = f"the certificate {self._instance.client_cert}"
            raise not_accepted(self._instance.title, named, self._account, error) from error
