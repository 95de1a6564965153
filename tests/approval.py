"""A person at a browser, played by a script: logs in to the lake's identity provider and allows
what is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

TIMEOUT = 30


@dataclass
class Form:
    """A form of a page: where it is sent, and what is filled in."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", "")))
        elif self.found and (name := values.get("name")):
            form = self.found[-1]
            if tag == "input" and values.get("type") != "submit":
                form.fields[name] = values.get("value", "")
            elif tag in ("button", "input"):
                form.buttons.setdefault(name, []).append(values.get("value", ""))


def approve(
    url: str,
    user: str,
    password: str,
    ca: str,
    *,
    code: str = "",
    refuse: bool = False,
    browser: requests.Session | None = None,
) -> requests.Response:
    """Open the URL, log in and allow (or refuse) whatever is asked; the last page, or a refusal.

    It plays the code flow and the device flow; `code` is typed where a device's code is asked for.
    `browser` keeps cookies, as between two logins in the same browser.
    """
    browser = browser or requests.Session()
    filled = {"login": user, "password": password, "user_code": code}
    answer = browser.get(url, verify=ca, timeout=TIMEOUT)
    before = None
    while (form := _form(answer.text)) and answer.ok and (form.action, [*form.fields]) != before:
        before = form.action, [*form.fields]
        fields = form.fields | {name: filled[name] for name in form.fields if filled.get(name)}
        if "act" in form.buttons:
            fields["act"] = "refuse" if refuse else "allow"
        where = urljoin(answer.url, form.action)
        answer = browser.post(where, data=fields, verify=ca, timeout=TIMEOUT)
    return answer


def _form(text: str) -> Form | None:
    parser = _Forms()
    parser.feed(text)
    return parser.found[0] if parser.found else None
