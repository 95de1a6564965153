"""What can go wrong with the lake, in words for the person who started it."""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot do what was asked; the message says why and what to do next."""
