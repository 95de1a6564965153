"""Rucio's generic schema: without this module every log warns that Rucio falls back to it."""

from rucio.common.schema.generic import *  # noqa: F403
