"""The embedded lake: a genuine Rucio with daemons and storage on this machine, for demonstration and tests."""

from .embedded import EmbeddedLake, default_directory
from .errors import LakeError

__all__ = ["EmbeddedLake", "LakeError", "default_directory"]
