"""The command `dlaas` as a person or a script runs it: a process with an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AMBIENT = (
    "RUCIO_",
    "SWAN_",
    "JPY_",
    "DLAAS_",
    "X509_",
    "BEARER_",
    "JUPYTER_",
    "XDG_",
    "NO_COLOR",
    "PYTHONUNBUFFERED",
)
# Far above what any command needs here; a command that hangs fails its test.
LONGEST = 240


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """What was written for programs: a JSON value on each line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def problem(self) -> dict[str, Any]:
        """The problem that ended it, as programs hear it."""
        found: dict[str, Any] = self.rows[-1]["problem"]
        return found


class CommandLine:
    """Runs `dlaas` in a home folder of its own with the variables of `told`."""

    def __init__(self, home: Path, told: Mapping[str, str]) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(AMBIENT)}
        self.home = home
        self.env = {
            **clean,
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "DLAAS_CACHE": str(home / "cache"),
            **told,
        }

    def __call__(self, *arguments: object, **env: str | None) -> Result:
        """Run it to its end; `env` adds variables, or with None removes them."""
        told = {**self.env, **{k: v for k, v in env.items() if v is not None}}
        for name in (name for name, value in env.items() if value is None):
            told.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-m", "dlaas", *map(str, arguments)],
            env=told,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def lake_env(told: Mapping[str, str]) -> dict[str, str]:
    """Keep of an environment what the lake put into it."""
    return {k: v for k, v in told.items() if k.startswith(("RUCIO_", "X509_"))}
