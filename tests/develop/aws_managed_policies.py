"""Write the policies that AWS manages: ``python -m tests.develop.aws_managed_policies FOLDER...``.

Each FOLDER holds one JSON file a policy, as github.com/iann0036/iam-dataset (``arn``, ``document``,
``version``, ``updatedate``) or github.com/zoph-io/MAMIP (``PolicyVersion``) keep them. A policy
that several have is taken from the first. ``--date`` is the day on which they were as they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "mlsec/providers/aws/policy/managed_policies.txt"
_HEAD = """\
# The policies that AWS manages, as of {date}: a line with the path and name of each, its version
# and the day of that version, then its statements, one a line. Written by
# tests/develop/aws_managed_policies.py from public copies of what iam:GetPolicyVersion gives.
"""
_OWN = "arn:aws:iam::aws:policy/"


def read_policy(path: Path) -> tuple[str, list[str]]:
    """Give the name of a policy with its path, and its lines."""
    raw = json.loads(path.read_text("utf-8"))
    if "PolicyVersion" in raw:
        version = raw["PolicyVersion"]
        name, number, day = path.stem, version["VersionId"], version["CreateDate"]
        document = version["Document"]
    else:
        # A policy that can no longer be attached has no ARN there.
        name = (raw.get("arn") or raw["name"]).removeprefix(_OWN)
        number, document = raw["version"], raw["document"]
        day = raw.get("updatedate") or raw.get("createdate") or "unknown"
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return name, [f"={name} {number} {day[:10]}", *(_line(each) for each in statements)]


def _line(statement: dict[str, Any]) -> str:
    kept = {key: value for key, value in statement.items() if key != "Sid"}
    return json.dumps(kept, separators=(",", ":"), sort_keys=True)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--date", required=True)
    asked = parser.parse_args()
    policies: dict[str, list[str]] = {}
    for folder in asked.folder:
        for path in sorted(folder.glob("*.json")):
            name, lines = read_policy(path)
            policies.setdefault(name, lines)
    lines = [line for name in sorted(policies) for line in policies[name]]
    OUT.write_text(_HEAD.format(date=asked.date) + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
