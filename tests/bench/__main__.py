"""Benchmarks against a genuine lake: ours and a peer in turn, a JSON object per line.

`ratio` is the peer's median over ours: above 1 where ours is faster. Each pair does the same work
on the same data and the result of both is compared before anything is timed: rucio-clients and we
ask the catalogue; curl and aiohttp are given the addresses, and so are we beside them, and verify
the files, which they do not.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi

from dlaas.config import Instance
from dlaas.lake import Lake
from jupyter_dlaas.lake import EmbeddedLake

from . import tree
from .cases import CASES, Case

RUNS = 5
# What takes less than a second, one hiccup of the machine decides: of that so many runs more.
QUICK, MORE = 1.0, 10


def seconds(work: Callable[[], object], before: Callable[[], object]) -> float:
    """Time one call, and not what is done before it, nor cleaning up what another side left."""
    before()
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(cases: list[Case]) -> Iterator[dict[str, object]]:
    """Warm all sides up once, then time them in turn, so that a drifting machine hits all."""
    sides = list(dict.fromkeys(side for case in cases for side in (case.ours, case.peer)))
    before = {side: case.before for case in cases for side in (case.ours, case.peer)}
    answers = {side: (before[side](), side())[1] for side in sides}
    for case in cases:
        if answers[case.ours] != answers[case.peer]:
            first, second = answers[case.ours], answers[case.peer]
            sys.exit(f"{case.name}: ours answered {first!r}, {case.peer_name} {second!r}")
    times: dict[Callable[[], object], list[float]] = {side: [] for side in sides}

    def measured(some: list[Callable[[], object]], runs: int) -> None:
        for _ in range(runs):
            for side in some:
                times[side].append(seconds(side, before[side]))

    measured(sides, RUNS)
    measured([side for side in sides if statistics.median(times[side]) < QUICK], MORE)
    for case in cases:
        ours, peer = (statistics.median(times[side]) for side in (case.ours, case.peer))
        yield {
            "name": case.name,
            "ours": round(ours, 4),
            "peer": round(peer, 4),
            "peer_name": case.peer_name,
            "ratio": round(peer / ours, 2),
            "unit": "s",
        }


def _bundle(folder: Path, ca: Path) -> Path:
    """Write what users' machines have, the world's authorities, and the lake's beside them."""
    world = ssl.get_default_verify_paths().cafile or certifi.where()
    path = folder / "authorities.pem"
    path.write_bytes(Path(world).read_bytes() + b"\n" + ca.read_bytes())
    return path


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="make bench")
    known = [*CASES, "tree"]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or known
    if unknown := set(names) - set(known):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: {', '.join(known)}")
    if "tree" in names:
        # It measures a browser, and brings its own lake.
        for row in tree.rows():
            print(json.dumps(row), flush=True)
    if names := [name for name in names if name in CASES]:
        run(names)


def run(names: list[str]) -> None:
    """Run benchmarks against one lake."""
    with tempfile.TemporaryDirectory(prefix="dlaas-bench-") as folder:
        embedded = EmbeddedLake(Path(folder) / "lake")
        try:
            embedded.up(log=lambda line: print(line, file=sys.stderr), xrootd=True)
            os.environ.update(embedded.env("alice"))
            os.environ["SSL_CERT_FILE"] = str(_bundle(Path(folder), embedded.layout.ca))
            lake = Lake(Instance.from_mapping(embedded.instance("alice")))
            # As they are listed: rucio-clients never forgets where the last one let a storage be.
            for name in sorted(names, key=list(CASES).index):
                with CASES[name](embedded, lake) as cases:
                    for row in measure(cases):
                        print(json.dumps(row), flush=True)
        finally:
            embedded.reset()


if __name__ == "__main__":
    main()
