"""Invented resources of about 4 KB of JSON: 13 % of the judgements violate, 1 % lack their data."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.made_rules import DATES, ENUMS, FILLER, FLAGS, THRESHOLDS, TYPES, WANTED_FALSE

VIOLATING = 0.13
MISSING = 0.01
DISTINCT = 10_000
_SLOT = "000000000000"


def made_lines(clock: datetime, count: int, *, missing: float = MISSING) -> Iterator[bytes]:
    """Give ``count`` resources as lines of JSON; after 10,000 distinct ones only the ids differ."""
    chance = random.Random(20261124)  # noqa: S311 - the same documents each time
    kept: list[bytes] = []
    for n in range(count):
        if n < DISTINCT:
            kept.append(msgspec.json.encode(_resource(chance, clock, n, missing)) + b"\n")
        line = kept[n % DISTINCT]
        yield line.replace(_SLOT.encode(), b"%012d" % n)


def write_lines(path: Path, clock: datetime, count: int) -> int:
    """Write ``count`` resources; give the size of the file in bytes."""
    with path.open("wb") as file:
        file.writelines(made_lines(clock, count))
    return path.stat().st_size


def _resource(chance: random.Random, clock: datetime, n: int, missing: float) -> dict[str, Any]:
    kind = TYPES[n % len(TYPES)]
    properties = {**_plain(chance, clock), **_lists(chance)}
    return {
        "id": f"arn:aws:made:eu-west-1:111122223333:{kind}/{_SLOT}",
        "type": f"made.{kind}",
        "provider": "aws",
        "scope": "aws/111122223333",
        "region": "eu-west-1",
        "name": f"{kind}-{_SLOT}",
        "properties": {k: v for k, v in properties.items() if chance.random() >= missing},
        "tags": {"Owner": "ml-platform", "Stage": "production", "CostCentre": "4711"},
        "sources": {"Describe": f"call-{_SLOT}"},
    }


def _plain(chance: random.Random, clock: datetime) -> dict[str, Any]:
    def is_bad() -> bool:
        return chance.random() < VIOLATING

    found: dict[str, Any] = {name: (name in WANTED_FALSE) == is_bad() for name in FLAGS}
    for name, members in ENUMS.items():
        found[name] = chance.choice(members[:2] if is_bad() else members[2:])
    for name, least in THRESHOLDS.items():
        found[name] = least - 1 if is_bad() else least + chance.randrange(40)
    for name, days in DATES.items():
        age = timedelta(days=days + 20 if is_bad() else chance.randrange(1, days - 5))
        found[name] = (clock - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    found["owner"] = f"Someone {chance.randrange(99)}" if is_bad() else "team-inference-7"
    found["public"] = is_public = is_bad() or chance.random() < 0.2
    found["door_auth"] = "None" if is_public and chance.random() < 0.43 else "Role"
    found["door_filter"] = True
    for name in FILLER:
        found[name] = f"{name} " + " ".join(
            f"{chance.getrandbits(32):08x}" for _ in range(chance.randrange(14, 26))
        )
    return found


def _lists(chance: random.Random) -> dict[str, Any]:
    ingress = [
        {"cidr": f"10.{chance.randrange(255)}.0.0/16", "from_port": 443, "to_port": 443,
         "protocol": "tcp"}
        for _ in range(5)
    ]  # fmt: skip
    containers = [
        {"image": f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/serve-{n}",
         "digest": f"sha256:{chance.getrandbits(256):064x}", "privileged": False, "memory": 4096}
        for n in range(3)
    ]  # fmt: skip
    statements = [
        {"effect": "Allow", "principals": [f"arn:aws:iam::111122223333:role/serving-{n}"],
         "actions": ["s3:GetObject", "s3:ListBucket"],
         "resources": [f"arn:aws:s3:::models-{chance.randrange(999)}/*"], "has_condition": True}
        for n in range(5)
    ]  # fmt: skip
    targets = [{"target": f"/aws/made/{n}", "enabled": n == 0} for n in range(3)]
    spoil = [chance.random() < VIOLATING for _ in range(6)]
    if spoil[0]:
        ingress[1] |= {"cidr": "0.0.0.0/0", "from_port": 0, "to_port": 1024}
    if spoil[1]:
        ingress[2]["protocol"] = "all"
    if spoil[2]:
        containers[1]["digest"] = None
    if spoil[3]:
        containers[2]["privileged"] = True
    if spoil[4]:
        targets[0]["enabled"] = False
    if spoil[5]:
        statements[3] |= {"principals": ["*"], "has_condition": False}
    return {
        "ingress": ingress,
        "containers": containers,
        "statements": statements,
        "log_targets": targets,
    }
