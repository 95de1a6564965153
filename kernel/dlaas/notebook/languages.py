"""How R, Julia and C++ write a name, a string and a list of strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# What a Python name may be and these languages keep to themselves.
_R = "repeat function TRUE FALSE NULL Inf NaN NA NA_integer_ NA_real_ NA_complex_ NA_character_"
_JULIA = (
    "abstract baremodule begin catch const do elseif end export false function let local macro"
    " module mutable primitive quote struct true using where isa"
    # What cannot be read back, and what our lists are made with.
    " _ String"
)
_CPP = (
    "alignas alignof and_eq asm auto bitand bitor case catch char char8_t char16_t char32_t compl"
    " concept const consteval constexpr constinit const_cast co_await co_return co_yield decltype"
    " default delete do double dynamic_cast enum explicit export extern false friend goto inline"
    " long main mutable namespace new noexcept not_eq nullptr operator or_eq private protected"
    " public register reinterpret_cast requires short signed sizeof static static_assert"
    " static_cast std struct switch template this thread_local throw true typedef typeid typename"
    " union unsigned using virtual void volatile wchar_t xor xor_eq"
    # C's own at file scope, where the cells of a notebook are.
    " EOF NULL clock div errno exp floor gamma index j0 j1 jn log remove rename signal stderr stdin"
    " stdout time y0 y1 yn"
)


@dataclass(frozen=True)
class Language:
    """How one language writes comments, names and strings; `before` is what a cell needs first."""

    comment_sign: str
    taken: frozenset[str]
    evasion: str
    special: str
    control: Callable[[str], str]
    one: str
    many: str
    before: str = ""
    plain: re.Pattern[str] = re.compile(".+")

    def name(self, name: str) -> str:
        """Write a Python name so that it is one here too."""
        fits = name not in self.taken and self.plain.fullmatch(name)
        return name if fits else self.evasion.format(name)

    def quote(self, text: str) -> str:
        """Write a string literal.

        >>> language("julia").quote('a "$b"')
        '"a \\\\"\\\\$b\\\\""'
        """
        written = (
            f"\\{c}" if c in self.special else c if c.isprintable() else self.control(c)
            for c in text
        )
        return '"' + "".join(written) + '"'

    def comment(self, text: str) -> str:
        """Write a comment of one line."""
        # In C++ a backslash at its end, or "??/", would make a comment of the next line as well.
        return f"{self.comment_sign} {' '.join(text.split())}".rstrip("\\/.") + "."

    def assign(self, name: str, text: str) -> str:
        """Write the assignment of one string."""
        return self.one.format(name=self.name(name), text=self.quote(text))

    def assign_all(self, name: str, texts: Sequence[str]) -> str:
        """Write the assignment of a list of strings."""
        listed = ",\n  ".join(map(self.quote, texts))
        return self.many.format(name=self.name(name), text=f"\n  {listed}\n" if listed else "")


def language(name: str) -> Language | None:
    """Find a language by what kernels call it, such as `R`, `julia` or `C++17`."""
    plain = name.strip().lower()
    return _LANGUAGES.get("c++" if plain.startswith("c++") else plain)


def _by_hex(character: str) -> str:
    # Byte by byte, for a path may hold bytes that are no character.
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _by_octal(character: str) -> str:
    # A hexadecimal escape of C++ would swallow the digits that follow it.
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


_LANGUAGES = {
    "r": Language(
        "#",
        frozenset(_R.split()),
        "`{}`",
        '\\"',
        _by_hex,
        "{name} <- {text}",
        "{name} <- c({text})",
        # It begins no name with "_", and takes fewer letters of other scripts than Python.
        plain=re.compile("[A-Za-z][A-Za-z0-9_]*"),
    ),
    "julia": Language(
        "#",
        frozenset(_JULIA.split()),
        "{}_2",
        '\\"$',
        _by_hex,
        "{name} = {text}",
        "{name} = String[{text}]",
    ),
    "c++": Language(
        "//",
        frozenset(_CPP.split()),
        "{}_",
        # Older standards read "??/" as a backslash.
        '\\"?',
        _by_octal,
        "std::string {name} = {text};",
        "std::vector<std::string> {name} = {{{text}}};",
        "#include <string>\n#include <vector>",
    ),
}
