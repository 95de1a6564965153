"""Rucio's generic schema: without this module Rucio falls back to it with a warning in every log."""

from rucio.common.schema.generic import *  # noqa: F403
