"""One file by rucio-clients, in a process of its own: `python -m dlaas.transfer.wire.by_rucio`.

On standard input it is told, as JSON, what the RSE is like (`rse`), a PFN (`pfn`) and where to put
the file (`target`). On standard output it answers what went wrong, if anything did.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Fetch what standard input names, by the protocol that the RSE has for the PFN's scheme."""
    told = json.load(sys.stdin)
    answer = {}
    # What tools print is not our answer.
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        _fetch(told["rse"], told["pfn"], told["target"])
    except Exception as error:
        answer = {"kind": type(error).__name__, "text": str(error)[:500]}
    json.dump(answer, out)


def _fetch(rse: dict[str, object], pfn: str, target: str) -> None:
    from rucio.rse import rsemanager

    scheme = pfn.partition("://")[0]
    # No token: over these schemes nothing says who else would get it.
    protocol = rsemanager.create_protocol(rse, "read", scheme=scheme, auth_token=None)
    protocol.connect()
    try:
        protocol.get(pfn, target)
    finally:
        protocol.close()


if __name__ == "__main__":
    main()
