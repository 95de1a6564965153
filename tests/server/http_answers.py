"""What the extension answers, read and checked against the API's schema."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from tornado.httpclient import HTTPResponse

from jupyter_dlaas.events import SCHEMA_ID
from jupyter_dlaas.validation import API

DEFINITIONS = json.loads(API.read_text())["$defs"]


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": ref(name)}


_TEXTS = {"type": "array", "items": {"type": "string"}}
_INSTANCES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["server", "seq", "instances", "handover"],
    "properties": {
        "server": {"type": "string"},
        "seq": {"type": "integer"},
        "handover": {"type": "string"},
        "instances": _many("InstanceInfo"),
    },
}
# What each address answers when all is well.
ANSWERS: dict[str, Any] = {
    r"\w+ instances": _INSTANCES,
    r"GET cache": _many("CacheUse"),
    r"DELETE cache": ref("Cleaned"),
    r"\w+ doctor": ref("Check"),
    r"\w+ jobs": _many("Job"),
    r"\w+ jobs/\w+": ref("Job"),
    r"\w+ jobs/\w+/retry": ref("Job"),
    r"\w+ jobs/\w+/log": _many("JobNote"),
    r"\w+ jobs/\w+/files": _many("JobFile"),
    r"\w+ basket(/read|/import|/use|/remove)?": ref("BasketInfo"),
    r"\w+ basket/download": _many("BasketOutcome"),
    r"\w+ [^/]+/opendata": ref("OpenItem"),
    r"\w+ [^/]+/opendata/item": ref("OpenItem"),
    r"\w+ [^/]+/opendata/downloads": ref("Job"),
    r"\w+ [^/]+/login(/renew)?": ref("Login"),
    r"\w+ [^/]+/certificates": _many("CertificateFile"),
    r"\w+ [^/]+/dids": ref("Entry"),
    r"\w+ [^/]+/lookup": ref("Sought"),
    r"\w+ [^/]+/contents": ref("Entry"),
    r"\w+ [^/]+/metadata": ref("Metadata"),
    r"\w+ [^/]+/replicas": ref("Copies"),
    r"\w+ [^/]+/parents": ref("Entry"),
    r"\w+ [^/]+/paths": {"type": "string"},
    r"\w+ [^/]+/dates": {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "date-time"},
    },
    r"\w+ [^/]+/(keys|complete|activities)": _TEXTS,
    r"\w+ [^/]+/snippets": _many("Snippet"),
    r"\w+ [^/]+/qos": _many("QoS"),
    r"\w+ [^/]+/status": ref("Status"),
    r"GET [^/]+/rules": _many("Rule"),
    r"POST [^/]+/rules": ref("Granted"),
    r"\w+ [^/]+/rules/check": ref("RulePreview"),
    r"\w+ [^/]+/rules/\w+/move": ref("Granted"),
    r"GET [^/]+/rules/\w+": ref("Explanation"),
    r"\w+ [^/]+/rules/\w+": ref("Rule"),
    r"\w+ [^/]+/scopes": _TEXTS,
    r"\w+ [^/]+/rses": _many("RSE"),
    r"\w+ [^/]+/usage": _many("Usage"),
    r"\w+ [^/]+/uploads": ref("Job"),
    r"\w+ [^/]+/downloads": ref("Job"),
    r"\w+ [^/]+/publications": ref("Job"),
}


def check(value: Any, schema: dict[str, Any]) -> None:
    """Fail unless a value is what the API's schema says."""
    whole = {**schema, "$defs": DEFINITIONS}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


@dataclass
class Answer:
    """What the extension answered; `rows` and `end` for the addresses that stream."""

    status: int
    value: Any
    rows: list[Any] = field(default_factory=list)
    end: Any = None


def read(method: str, path: str, response: HTTPResponse) -> Answer:
    text = response.body.decode()
    if response.code >= 400:
        value = json.loads(text)
        check(value, ref("Problem"))
        return Answer(response.code, value)
    schema = next(s for p, s in ANSWERS.items() if re.fullmatch(p, f"{method} {path}"))
    if response.headers["Content-Type"] == "application/x-ndjson":
        *rows, end = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            check(row, schema)
        return Answer(response.code, None, rows, end)
    value = json.loads(text)
    check(value, schema)
    return Answer(response.code, value)


Api = Callable[..., Awaitable[Answer]]


@dataclass
class Hints:
    """The hints that a panel hears on Jupyter's event stream."""

    socket: Any
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Listen until a hint is the wanted one, at most a minute."""
        while True:
            message = await asyncio.wait_for(self.socket.read_message(), 60)
            hint = json.loads(message)
            if hint["schema_id"] == SCHEMA_ID:
                hint = {name: hint[name] for name in DEFINITIONS["Change"]["properties"]}
                check(hint, ref("Change"))
                self.heard.append(hint)
                if wanted(hint):
                    return hint


Listen = Callable[[], Awaitable[Hints]]


@dataclass(frozen=True)
class Samples:
    """Data of these tests alone, at the north: a dataset of two files, and files for one test."""

    dataset: str
    files: Iterator[str]
