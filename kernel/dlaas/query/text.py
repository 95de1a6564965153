"""Conditions as text: `energy >= 13000, kind = mc; 1 <= run < 5`.

A comma or `and` joins closer than a semicolon or `or`; brackets group. Quotes keep a text a text.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import NamedTuple, NoReturn

from dlaas.errors import InvalidInput
from dlaas.query.conditions import Condition, Group, Value, Where, condition
from dlaas.query.filters import COLUMNS

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator><=|>=|!=|==|=|<|>)|(?P<sign>[,;()&|])"""
    r"""|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s<>=!,;()&|"']+)|(?P<odd>\S))"""
)
# What begins with a needless 0 is a text: a checksum, or the name of a period.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w|\.)")
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EXAMPLE = "Write it as energy >= 13000, kind = mc (a comma means and, a semicolon or)."


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def parsed(text: str) -> Where | None:
    """Read conditions; raises `InvalidInput`, which names the place that makes no sense."""
    return _Parser(text).parsed() if text.strip() else None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_token(found) for found in _TOKEN.finditer(text)]
        self.next = 0

    def parsed(self) -> Where:
        where = self.any_of()
        if self.next < len(self.tokens):
            self.refuse("and, or, a comma or a semicolon is expected here")
        return where

    def any_of(self) -> Where:
        parts = [self.all_of()]
        while self.takes(";", "|", "or"):
            parts.append(self.all_of())
        return Group("or", tuple(parts)) if len(parts) > 1 else parts[0]

    def all_of(self) -> Where:
        parts = [self.one()]
        while self.takes(",", "&", "and"):
            parts.append(self.one())
        return Group("and", tuple(parts)) if len(parts) > 1 else parts[0]

    def one(self) -> Where:
        if self.takes("("):
            where = self.any_of()
            if not self.takes(")"):
                self.refuse("a closing bracket is missing")
            return where
        return self.comparison()

    def comparison(self) -> Where:
        begin = self.next
        left = self.operand("a key")
        operator = self.operator()
        middle = self.operand("a value")
        if not self.at_operator():
            return self.condition(begin, left, operator, middle)
        second = self.next
        last_operator = self.operator()
        right = self.operand("a value")
        if operator not in _TURNED or last_operator not in _TURNED:
            self.refuse("only < and > can stand on both sides of a key", second)
        lower = self.condition(begin, middle, _TURNED[operator], left)
        return Group("and", (lower, self.condition(second, middle, last_operator, right)))

    def condition(self, begin: int, name: _Token, operator: str, value: _Token) -> Condition:
        try:
            return condition(_key(name), operator, _value(value, COLUMNS.get(name.text) == "text"))
        except InvalidInput as error:
            self.refuse(error.message.rstrip("."), begin, error)

    def operand(self, what: str) -> _Token:
        """Take one quoted text, or all words up to the next sign."""
        token = self.peek()
        if token is None or token.kind not in ("word", "quoted") or _is_joint(token):
            self.refuse(f"{what} is expected here")
        self.next += 1
        if token.kind == "quoted":
            return token._replace(text=token.text[1:-1])
        end = token.end
        while (more := self.peek()) and more.kind == "word" and not _is_joint(more):
            if more.text.lower() == "like":
                break
            end = more.end
            self.next += 1
        return token._replace(text=self.text[token.start : end])

    def at_operator(self) -> bool:
        token = self.peek()
        return token is not None and (token.kind == "operator" or token.text.lower() == "like")

    def operator(self) -> str:
        if not self.at_operator():
            self.refuse("one of = != < <= > >= like is expected here")
        found = self.tokens[self.next].text.lower()
        self.next += 1
        return "=" if found == "==" else found

    def takes(self, *texts: str) -> bool:
        token = self.peek()
        if token is None or token.kind == "quoted" or token.text.lower() not in texts:
            return False
        self.next += 1
        return True

    def peek(self) -> _Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def refuse(
        self, why: str, at: int | None = None, error: InvalidInput | None = None
    ) -> NoReturn:
        index = self.next if at is None else at
        place = self.tokens[index].start if index < len(self.tokens) else len(self.text)
        raise InvalidInput(
            f"The condition {self.text!r} cannot be understood at character {place + 1}"
            f" ({self.text[place:] or 'its end'}): {why}.",
            remedy=error.remedy if error else _EXAMPLE,
            details={"position": place},
        ) from error


def _token(found: re.Match[str]) -> _Token:
    kind = str(found.lastgroup)
    return _Token(kind, found[kind], found.start(kind), found.end(kind))


def _is_joint(token: _Token) -> bool:
    return token.kind == "word" and token.text.lower() in ("and", "or")


def _key(token: _Token) -> str:
    if token.kind == "word" and re.search(r"\s", token.text):
        raise InvalidInput(
            f"{token.text!r} is no key",
            remedy="A key of several words goes in quotes. There is no not: write !=.",
        )
    return token.text


def _value(token: _Token, as_text: bool) -> Value:
    """Read a bare value as a number, true or false, or a date, where it looks like one."""
    text = token.text
    if token.kind == "quoted" or as_text:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    number = re.match(_NUMBER, text)
    if number and re.match(r"\s", text[number.end() :]):
        raise InvalidInput(
            f"{text!r} is a number with something behind it",
            remedy="Write the number without its unit, or a text in quotes.",
        )
    if number and number.end() == len(text):
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    return _time(text)


def _time(text: str) -> Value:
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        # Python 3.10 does not read the Z.
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError:
        return text
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
