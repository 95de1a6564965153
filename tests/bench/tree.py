"""The panel's tree with a million rows, measured in a browser by tests/ui/million.spec.ts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "ui"


def rows() -> Iterator[dict[str, object]]:
    """Run the browser test and yield what it measured."""
    if not (UI / "node_modules").exists():
        sys.exit("The browser tests are not installed: make install")
    with tempfile.TemporaryDirectory(prefix="dlaas-bench-") as folder:
        lines = Path(folder) / "tree.jsonl"
        subprocess.run(
            [sys.executable, "run.py", "million.spec.ts"],
            cwd=UI,
            env=os.environ | {"BENCH": str(lines)},
            stdout=sys.stderr,
            check=True,
        )
        for line in lines.read_text().splitlines():
            yield json.loads(line)
