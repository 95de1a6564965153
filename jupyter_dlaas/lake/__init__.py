"""The embedded lake: a genuine Rucio with daemons and storage on this machine, for demonstration
and tests.
"""

from .embedded import EmbeddedLake
from .errors import LakeError
from .folder import default_directory

__all__ = ["EmbeddedLake", "LakeError", "default_directory"]
