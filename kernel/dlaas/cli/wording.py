"""Remedies that name a call in Python, in the words of the command line."""

from __future__ import annotations

import re

_WORDS = (
    (r"update_rule\('(\w+)', boost=True\)", r"dlaas rule extend \1 --boost"),
    (r"make_available\(…, extend=True\)", "dlaas rule add … --extend"),
    (r"Call make_available\(\) on it, then wait\(\)", "Use dlaas rule add DID --wait 1h"),
    (r"or say overwrite=True", "or say --overwrite"),
    (r"Upload its files together: upload_many", "Say in which scope: put FOLDER --scope SCOPE"),
    (r"Or say download=True", "Or download it: dlaas get DID"),
    (r"what get\(\) answers", "what dlaas info shows"),
    (
        r", set RUCIO_CONFIG, or give dlaas\.Lake a configuration",
        ", or set RUCIO_CONFIG to the path of a rucio.cfg",
    ),
    (r"Its explain\(\) tells", "dlaas info DID tells"),
    (r"Open it as a stream: fsspec\.open\(x\.reference\)", "Download it: dlaas get DID"),
)


def spoken(remedy: str) -> str:
    """Say a remedy as one types it.

    >>> spoken("Extend that rule: make_available(…, extend=True).")
    'Extend that rule: dlaas rule add … --extend.'
    """
    for pattern, words in _WORDS:
        remedy = re.sub(pattern, words, remedy)
    return remedy
