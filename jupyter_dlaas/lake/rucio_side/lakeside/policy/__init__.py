"""The lake's policy package: Rucio's generic policy, and what users of a lake for analysis need."""

SUPPORTED_VERSION = ["==41"]
