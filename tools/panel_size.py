"""Say how large the built panel is, and fail where it is larger than it may be."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT = 250_000
BUILT = ROOT / "jupyter_dlaas" / "labextension" / "static"
# What the chunks are called is a number; what they hold tells them apart.
CHUNKS = {
    "var _JUPYTERLAB": "the way in, and what is shared with JupyterLab",
    "$Panel{": "style sheets",
    "jupyter-dlaas:panel": "the panel",
}


def chunks(built: Path) -> dict[str, int]:
    """Return the bytes of each chunk by what it holds."""
    found: dict[str, int] = {}
    for path in sorted(built.glob("*.js")):
        text = path.read_text()
        name = next((name for mark, name in CHUNKS.items() if mark in text), "other")
        found[f"{name} ({path.name})"] = path.stat().st_size
    return found


def rooms(compiled: Path) -> Counter[str]:
    """Return the bytes of each folder of the sources, before they are minified."""
    found: Counter[str] = Counter()
    for path in compiled.rglob("*.js"):
        found[path.relative_to(compiled).parts[0]] += path.stat().st_size
    return found


def main() -> int:
    built = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT
    sizes = chunks(built)
    total = sum(sizes.values())
    if not total:
        sys.exit(f"There is no built panel in {built}: `make install` builds it")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size:>9,}  {name}")
    print(f"{total:>9,}  in all; {LIMIT:,} at most")
    if total <= LIMIT:
        return 0
    print("The panel is too large. By folder, before it is minified:")
    for name, size in rooms(ROOT / "labextension" / "lib").most_common(12):
        print(f"{size:>9,}  {name}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
