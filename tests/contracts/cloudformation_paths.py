"""The paths by which the CloudFormation tables read bodies, and a recorder of those that exist.

    python -m tests.contracts.cloudformation_paths FOLDER

holds every path to the published resource schemas (``FOLDER`` is ``cfnlint/data/schemas`` of an
installed cfn-lint) and writes those that are there to ``cloudformation_paths.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlsec.iac.mapping.resources import specs_of
from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.types import Kind
from tests.shipped import shipped_vocabulary

RECORD = Path(__file__).with_name("cloudformation_paths.json")
VOCABULARY = shipped_vocabulary()
TABLE = VOCABULARY.declared["cloudformation"]
# Macros have no schema of their own.
WITHOUT_SCHEMA = ("AWS::Serverless::Function",)
_LEAVES = ("last", "text", "number", "json", "of")


def used_paths(entry: DeclaredType) -> Iterator[str]:
    """Yield every path of the body that an entry reads."""
    base = f"{entry.each}[]." if entry.each else ""
    specs = [*entry.answers.values(), *(s for join in entry.joins for s in join.answers.values())]
    paths = [path for spec in specs for path in _in_spec(spec)]
    paths += [p for name, several in entry.paths.items() for p in several if "[]." not in name]
    paths += [*entry.naming, *(join.by for join in entry.joins), *_by_nature(entry)]
    for path in paths:
        if path not in ("", "."):
            yield path[1:] if path.startswith("^") else base + path


def _by_nature(entry: DeclaredType) -> Iterator[str]:
    """Yield the API's own paths where the body as it is answers."""
    if not entry.type:
        return
    owner = VOCABULARY.types[entry.type]
    specs = specs_of(entry, owner)
    told = {*entry.never, *entry.becomes, *entry.paths, *entry.assumed}
    for wanted in owner.properties.values():
        sources = wanted.sources.get("api", ())
        if wanted.derived or wanted.kind is Kind.DATE or wanted.name in told or len(sources) != 1:
            continue
        operation, _, path = sources[0].partition(":")
        if specs.get(operation) == "." and path:
            yield path


def _in_spec(spec: Any) -> Iterator[str]:
    if isinstance(spec, str):
        yield from () if spec.startswith("$") else (spec,)
    elif isinstance(spec, list):
        for each in spec:
            yield from _in_spec(each)
    elif "each" in spec or "keyed" in spec:
        held = spec.get("each") or spec["keyed"]
        yield held
        for key, inner in spec.items():
            for path in _in_spec(inner) if key not in ("each", "keyed", "by") else ():
                yield path if held == "." else f"{held}[].{path}" if path != "." else held
    elif "if" in spec:
        yield spec["if"]
        yield from _in_spec(spec["then"])
    elif not ("=" in spec or "fill" in spec):
        word = next((each for each in _LEAVES if each in spec), None)
        inside = [spec[word]] if word else [spec["list"]] if "list" in spec else spec.values()
        for each in inside:
            yield from _in_spec(each)


def folded(path: str) -> str:
    """Give a path as the reader of code compares keys."""
    return path.replace("_", "").lower()


class Schema:
    """One published resource schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def has(self, path: str) -> bool:
        """Whether a body may have something there; what is free-form may have anything."""
        node: Any = self._root
        for step in filter(None, path.replace("[0]", "[]").replace("[]", ".[]").split(".")):
            node = self._resolved(node)
            if step.startswith("~"):
                return True
            if step == "[]":
                node = node.get("items", {})
                continue
            node = node if self._properties(node) else self._resolved(node.get("items", node))
            known = {folded(key): value for key, value in self._properties(node).items()}
            if not known:
                return "object" in str(node.get("type"))
            if folded(step) not in known:
                return False
            node = known[folded(step)]
        return True

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            at: Any = self._root
            for step in node["$ref"].removeprefix("#/").split("/"):
                at = at[step]
            node = at
        return node

    def _properties(self, node: Any) -> dict[str, Any]:
        node = self._resolved(node)
        found = dict(node.get("properties", {}))
        for key in ("oneOf", "anyOf", "allOf"):
            for each in node.get(key, ()):
                found = self._properties(each) | found
        return found


def record(schemas: Path) -> None:
    """Write what exists of the paths that the tables use."""
    index = json.loads((schemas / "providers" / "us-east-1.json").read_text("utf-8"))
    found = {}
    for name, entries in sorted(TABLE.items()):
        if name not in index:
            continue
        text = (schemas / "resources" / f"{index[name]}.json").read_text("utf-8")
        schema = Schema(json.loads(text))
        used = sorted({folded(path) for entry in entries for path in used_paths(entry)})
        found[name] = [path for path in used if schema.has(path)]
    date = json.loads((schemas / "version.json").read_text("utf-8"))["schema_date"]
    made = {"schemas": f"cfn-lint, {date}", "types": found}
    RECORD.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
