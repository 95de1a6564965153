"""What clients send, checked against the API's schema before anything else is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from jsonschema import Draft202012Validator, ValidationError

from dlaas.errors import InvalidInput

API = Path(__file__).parent / "schema" / "api.json"
R = TypeVar("R")

_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of one of the model's classes."""
    schema = json.loads(API.read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def parse_body(body: bytes, kind: type[R]) -> R:
    """Turn a request's body into one of the model's requests; raises `InvalidInput`, naming fields.

    Neither the body nor a value of it is repeated in the error: it may hold a password.
    """
    try:
        value = json.loads(body)
        # JSON can write halves of characters, which nothing below us can send on.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidInput("The request's body holds what is no character.") from None
    except (ValueError, RecursionError):
        # Without the cause, which holds the document.
        raise InvalidInput("The request's body is not JSON.") from None
    problems = sorted(validator(kind.__name__).iter_errors(value), key=lambda e: list(e.path))
    if problems:
        said = " ".join(dict.fromkeys(_say(problem) for problem in problems))
        raise InvalidInput(said, details={"fields": _fields(problems)}) from None
    return kind(**value)


def integer(
    arguments: Mapping[str, str], name: str, default: int, smallest: int, largest: int
) -> int:
    """Read a whole number from query arguments; raises `InvalidInput`."""
    text = arguments.get(name)
    if text is None:
        return default
    # int() would also take "1_000", " 7 " and digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise InvalidInput(f"{name} must be a whole number.")
    if not smallest <= int(text) <= largest:
        raise InvalidInput(f"{name} must be between {smallest} and {largest}.")
    return int(text)


def choice(arguments: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    """Read one of some words from query arguments; raises `InvalidInput`."""
    text = arguments.get(name, default)
    if text not in choices:
        raise InvalidInput(f"{name} must be one of {', '.join(choices)}.")
    return text


def required(arguments: Mapping[str, str], name: str) -> str:
    """Read a text that must be there from query arguments; raises `InvalidInput`."""
    text = arguments.get(name, "").strip()
    if not text:
        raise InvalidInput(f"The argument {name} is missing.")
    return text


def _say(problem: ValidationError) -> str:
    if problem.validator == "required":
        return f"{', '.join(_missing(problem))} is missing."
    if problem.validator == "additionalProperties":
        known = ", ".join(cast("dict[str, Any]", problem.schema)["properties"])
        return f"There is a field that is not known; known are {known}."
    field = ".".join(str(part) for part in problem.path) or "The body"
    return f"{field} must be {_wanted(problem)}."


def _missing(problem: ValidationError) -> list[str]:
    sent = cast("dict[str, Any]", problem.instance)
    return [name for name in cast("list[str]", problem.validator_value) if name not in sent]


def _wanted(problem: ValidationError) -> str:
    if problem.validator == "anyOf":
        options = cast("list[dict[str, Any]]", problem.validator_value)
        return " or ".join(
            _NAMES.get(option.get("type", ""), "something else") for option in options
        )
    if problem.validator == "type":
        return _NAMES.get(str(problem.validator_value), "something else")
    return "something else"


def _fields(problems: list[ValidationError]) -> list[str]:
    found: list[str] = []
    for problem in problems:
        if problem.validator == "required":
            found += _missing(problem)
        elif problem.path:
            found.append(str(problem.path[0]))
    return list(dict.fromkeys(found))
