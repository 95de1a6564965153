"""Write JupyterLab's configuration for a session of Binder, and print the folder that it is in.

The lake of this session comes first; `instances.json` beside this file, where there is one, holds
a list of further instances.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_dlaas.lake import EmbeddedLake
from jupyter_dlaas.lake.demo import CONFIG
from jupyter_dlaas.lake.folder import default_directory

FURTHER = Path(__file__).with_name("instances.json")


def main() -> None:
    lake = EmbeddedLake()
    instances: list[dict[str, Any]] = [lake.instance()] if lake.running else []
    if FURTHER.exists():
        instances += json.loads(FURTHER.read_text())
    folder = default_directory().with_name("binder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {"RucioConfig": {"instances": instances}}
    (folder / CONFIG).write_text(json.dumps(content, indent=2) + "\n")
    print(folder)


if __name__ == "__main__":
    main()
