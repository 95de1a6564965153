"""Asking the lake's Rucio whether a person could log in."""

from __future__ import annotations

import ssl
import urllib.request
from pathlib import Path

TIMEOUT = 5.0


def answers(url: str, ca: Path, account: str, password: str) -> bool:
    """Whether the server says its version, and gives the account a token."""
    context = ssl.create_default_context(cafile=str(ca))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    headers = {
        "X-Rucio-Account": account,
        "X-Rucio-Username": account,
        "X-Rucio-Password": password,
    }
    login = urllib.request.Request(f"{url}/auth/userpass", headers=headers)
    try:
        with (
            opener.open(f"{url}/ping", timeout=TIMEOUT) as ping,
            opener.open(login, timeout=TIMEOUT) as token,
        ):
            return bool(ping.status == 200 and token.headers["X-Rucio-Auth-Token"])
    except OSError:
        return False
