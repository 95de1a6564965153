"""Generate the API's JSON schema and the panel's TypeScript types from `dlaas.model`.

`--check` changes nothing and fails when what is committed differs from what would be generated.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from dlaas import model

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "jupyter_dlaas" / "schema" / "api.json"
TYPES = ROOT / "labextension" / "src" / "schema.ts"
BANNER = "// Generated from dlaas.model by tools/generate_schema.py: do not edit."


class Generator(GenerateJsonSchema):
    """A DID is a string in JSON, and what we answer always has all its fields."""

    def is_instance_schema(self, schema: Any) -> dict[str, Any]:
        if schema["cls"] is model.DID:
            return {"type": "string", "pattern": "^[^\\s@/:*]+:\\S+$"}
        return super().is_instance_schema(schema)


def _mode(name: str) -> JsonSchemaMode:
    return "validation" if name.endswith("Request") else "serialization"


def api_schema() -> dict[str, Any]:
    """Return one JSON schema whose `$defs` are the dataclasses of the model."""
    classes = {
        name: cls
        for name, cls in sorted(vars(model).items())
        if is_dataclass(cls) and name != "Reference"
    }
    for cls in classes.values():
        # Pydantic reads its settings off the class; the library itself must not know it.
        cls.__pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[union-attr]
    definitions: dict[str, Any] = {}
    for name, cls in classes.items():
        adapter = TypeAdapter[Any](cls)  # type: ignore[arg-type]  # pydantic's TypeForm is too narrow
        schema = adapter.json_schema(mode=_mode(name), schema_generator=Generator)
        definitions.update(schema.pop("$defs", {}))
        definitions[name] = schema
    for name, schema in definitions.items():
        _tidy(name, schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Api",
        "type": "object",
        "$defs": dict(sorted(definitions.items())),
    }


def _tidy(name: str, schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    if _mode(name) == "serialization":
        schema["required"] = list(schema["properties"])
    for value in schema["properties"].values():
        value.pop("title", None)
        value.pop("default", None)


def typescript(schema: str) -> str:
    """Turn the JSON schema into TypeScript, by json-schema-to-typescript."""
    done = subprocess.run(
        ["node", str(ROOT / "tools" / "schema_to_typescript.mjs")],
        input=schema,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return f"{BANNER}\n\n{done.stdout}"


def main() -> int:
    """Write both files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    schema = json.dumps(api_schema(), indent=2) + "\n"
    drift = False
    for path, text in ((SCHEMA, schema), (TYPES, typescript(schema))):
        old = path.read_text() if path.exists() else ""
        if check and old != text:
            drift = True
            name = str(path.relative_to(ROOT))
            diff = difflib.unified_diff(
                old.splitlines(), text.splitlines(), name, "generated", lineterm=""
            )
            print("\n".join(list(diff)[:40]))
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if drift:
        print("The schema has drifted from dlaas.model: run tools/generate_schema.py.")
    return int(drift)


if __name__ == "__main__":
    sys.exit(main())
