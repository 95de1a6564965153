"""Benchmarks against a genuine lake: ours and a peer in turn, a JSON object per line.

`ratio` is the peer's median over ours: above 1 where ours is faster. Each pair does the same work
on the same data and the result of both is compared before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dlaas.config import Instance
from dlaas.lake import Lake
from jupyter_dlaas.lake import EmbeddedLake

from .cases import CASES, Case

RUNS = 5


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(case: Case) -> dict[str, object]:
    """Warm both sides up once, then time them in turn, so that a drifting machine hits both."""
    first, second = case.ours(), case.peer()
    if first != second:
        sys.exit(f"{case.name}: ours answered {first!r}, {case.peer_name} {second!r}")
    pairs = [(seconds(case.ours), seconds(case.peer)) for _ in range(RUNS)]
    ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "name": case.name,
        "ours": round(ours, 4),
        "peer": round(peer, 4),
        "peer_name": case.peer_name,
        "ratio": round(peer / ours, 2),
        "unit": "s",
    }


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    names = parser.parse_args().names or list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: {', '.join(CASES)}")
    with tempfile.TemporaryDirectory(prefix="dlaas-bench-") as folder:
        embedded = EmbeddedLake(Path(folder) / "lake")
        try:
            embedded.up(log=lambda line: print(line, file=sys.stderr))
            os.environ.update(embedded.env("alice"))
            lake = Lake(Instance.from_mapping(embedded.instance("alice")))
            for name in names:
                print(json.dumps(measure(CASES[name](embedded, lake))), flush=True)
        finally:
            embedded.reset()


if __name__ == "__main__":
    main()
