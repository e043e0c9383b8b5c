"""Writes what Google's predefined roles allow from a public copy of what iam.roles.get gives.

    git clone https://github.com/iann0036/iam-dataset
    python -m tests.develop.gcp_predefined_roles iam-dataset/gcp/roles 2026-08-22

A line with the name of each role and its stage, then a line for each kind of resource with what
may be done to it: indented by one space, without what all of them begin with.
"""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path

from mlsec.providers.gcp.facts.predefined_roles import PLACE

_HEAD = """\
# What Google's predefined roles allow, as of {day}: the name and stage of each role, then the kinds
# of resources with what may be done to them. Written by tests/develop/gcp_predefined_roles.py from
# iann0036/iam-dataset (MIT License, Copyright (c) 2021 Ian Mckay), which keeps what iam.roles.get
# gives.
"""


def text_of(roles: Path, day: str) -> str:
    """Give the whole file."""
    parts = [_HEAD.format(day=day)]
    for path in sorted(roles.glob("*.json")):
        role = json.loads(path.read_text("utf-8"))
        kinds: dict[str, list[str]] = collections.defaultdict(list)
        for permission in role.get("includedPermissions", ()):
            kind, _, verb = permission.rpartition(".")
            kinds[kind].append(verb)
        parts.append(f"{role['name']} {role.get('stage', 'GA')}\n")
        parts += [f" {kind} {' '.join(sorted(verbs))}\n" for kind, verbs in sorted(kinds.items())]
    return "".join(parts)


if __name__ == "__main__":
    PLACE.write_text(text_of(Path(sys.argv[1]), sys.argv[2]), "utf-8")
