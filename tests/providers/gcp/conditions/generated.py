"""Conditions at random, over all operators and attributes, and the requests to ask an oracle."""

from __future__ import annotations

import datetime
import itertools
import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.providers.gcp.conditions.subjects import Class, Free, Project, class_of

NOW = datetime.datetime(2026, 11, 29, 12, 0, tzinfo=datetime.UTC)
PROJECT = Project(id="shop", number="111222333444")
_BUCKETS = ("data", "data-2", "dat", "other")
_OBJECTS = ("", "drop/", "drop/a.csv", "in/year=2026/x", "secret.key", "a")
_PERMISSIONS = {
    "storage.objects.get": "projects/_/buckets/data",
    "storage.objects.create": "projects/_/buckets/data",
    "storage.objects.list": "projects/_/buckets/data",
    "storage.buckets.setIamPolicy": "projects/_/buckets/data",
    "secretmanager.versions.access": "projects/111222333444/secrets/token",
    "secretmanager.secrets.setIamPolicy": "projects/111222333444/secrets/token",
    "cloudkms.cryptoKeyVersions.useToDecrypt":
        "projects/shop/locations/eu/keyRings/ml/cryptoKeys/models",
    "bigquery.tables.getData": "projects/shop/datasets/train",
    "iam.serviceAccounts.getAccessToken":
        "projects/-/serviceAccounts/owner@shop.iam.gserviceaccount.com",
    "resourcemanager.projects.setIamPolicy": "projects/shop",
}  # fmt: skip
_TYPES = (
    "storage.googleapis.com/Object", "storage.googleapis.com/Bucket",
    "secretmanager.googleapis.com/SecretVersion", "secretmanager.googleapis.com/Secret",
    "cloudkms.googleapis.com/CryptoKey", "bigquery.googleapis.com/Table",
    "bigquery.googleapis.com/Dataset", "iam.googleapis.com/ServiceAccount",
    "cloudresourcemanager.googleapis.com/Project",
)  # fmt: skip
_SERVICES = tuple(sorted({kind.partition("/")[0] for kind in _TYPES}))
_NAMES = (
    *(f"projects/_/buckets/{b}" for b in _BUCKETS),
    *(f"projects/_/buckets/{b}/objects/{o}" for b in _BUCKETS for o in _OBJECTS),
    "projects/_/buckets/", "projects/", "", "projects/_/buckets/da", "projects/shop/",
    "projects/111222333444/secrets/token", "projects/111222333444/secrets/token/versions/3",
    "projects/111222333444/secrets/tok", "projects/111222333444/secrets/token/versions/",
    "projects/shop/locations/eu/keyRings/ml/cryptoKeys/models",
    "projects/shop/locations/eu/keyRings/", "projects/shop/datasets/train/tables/t",
    "projects/shop/datasets/train", "projects/shop/datasets/tr",
    "projects/-/serviceAccounts/owner@shop.iam.gserviceaccount.com",
    "projects/-/serviceAccounts/", "projects/shop", "/versions/3", ".csv", "/x", "t", "a",
)  # fmt: skip
_TEMPLATES = (
    "buckets/{name}/", "projects/_/buckets/{b}/objects/", "/objects/{folder}/", "{start}/objects",
    "objects/{rest}", "/year={y}/", "{all}", "/secrets/{s}/versions/", "secrets/{s}",
    "datasets/{d}", "/in/{x}/y", "serviceAccounts/{who}@",
)  # fmt: skip
_VALUES = ("", "data", "drop", "2026", "token", "drop/a.csv", "train", "owner", "dat", "3")
_ROLES = ("roles/owner", "roles/editor", "roles/storage.objectViewer", "roles/run.invoker")
_TIMES = (
    "2020-01-01T00:00:00Z", "2026-11-29T11:59:59Z", "2026-11-29T12:00:00Z", "2027-03-01T00:00:00Z",
    "2030-06-01T12:00:00+02:00", "2026-12-01T00:00:00.5Z",
)  # fmt: skip
_FIELDS = {
    "getHours": (0, 8, 17, 23), "getDayOfWeek": (0, 1, 5, 6), "getMonth": (0, 5, 11),
    "getFullYear": (2025, 2026, 2027, 2031), "getDate": (1, 15, 31), "getDayOfMonth": (0, 30),
    "getDayOfYear": (0, 100, 364), "getMinutes": (0, 30),
}  # fmt: skip
_ZONES = ("", '"Europe/Berlin"', '"America/New_York"', '"+05:30"')
_GRANTS = "iam.googleapis.com/modifiedGrantsByRole"
_ORDER = ("<", "<=", ">", ">=", "==", "!=")
HIDDEN = (
    'resource.matchTag("1/env", "test")', 'resource.hasTagKey("1/env")',
    'resource.matchTagId("tagKeys/1", "tagValues/2")',
    '"accessPolicies/1/accessLevels/office" in request.auth.access_levels',
)  # fmt: skip
_HOLDS = (
    "matchTag['1/env', 'test']", "hasTagKey['1/env']", "matchTagId['tagKeys/1', 'tagValues/2']",
    "level accessPolicies/1/accessLevels/office",
)  # fmt: skip


class Case(msgspec.Struct, frozen=True):
    """A condition and the requests that it is asked about; ``names`` empty for all of a kind."""

    condition: str
    permission: str
    names: tuple[str, ...]

    @property
    def asked(self) -> Class:
        return class_of(self.permission, self.names, PROJECT)


def cases(seed: int, count: int) -> Iterator[Case]:
    """Give cases, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(count):
        permission, name = chance.choice(sorted(_PERMISSIONS.items()))
        names = () if chance.random() < 0.15 else (name,)
        yield Case(_condition(chance, chance.choice((0, 1, 1, 2, 2, 3))), permission, names)


def _condition(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return _clause(chance)
    match chance.randrange(6):
        case 0:
            return f"!({_condition(chance, depth - 1)})"
        case 1 | 2:
            return f"({_condition(chance, depth - 1)}) || ({_condition(chance, depth - 1)})"
        case _:
            return f"({_condition(chance, depth - 1)}) && ({_condition(chance, depth - 1)})"


def _clause(chance: random.Random) -> str:
    name, quote = chance.choice(_NAMES), chance.choice("'\"")
    text = f"{quote}{name}{quote}"
    match chance.randrange(15):
        case 0 | 1 | 2:
            return f"resource.name.startsWith({text})"
        case 3:
            return f"resource.name.endsWith({text})"
        case 4:
            return f"resource.name {chance.choice(('==', '!='))} {text}"
        case 5:
            return f'resource.name in [{text}, "{chance.choice(_NAMES)}"]'
        case 6 | 7:
            return f'resource.name.extract("{chance.choice(_TEMPLATES)}"){_compared(chance)}'
        case 8:
            return f'resource.type {chance.choice(("==", "!="))} "{chance.choice(_TYPES)}"'
        case 9:
            return f'resource.service {chance.choice(("==", "!="))} "{chance.choice(_SERVICES)}"'
        case 10:
            return f'request.time {chance.choice(_ORDER[:4])} timestamp("{chance.choice(_TIMES)}")'
        case 11:
            field = chance.choice(sorted(_FIELDS))
            zone, number = chance.choice(_ZONES), chance.choice(_FIELDS[field])
            return f"request.time.{field}({zone}) {chance.choice(_ORDER)} {number}"
        case 12:
            roles = ", ".join(f'"{r}"' for r in chance.sample(_ROLES, chance.randrange(1, 3)))
            return f'api.getAttribute("{_GRANTS}", []).hasOnly([{roles}])'
        case 13:
            return (
                'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
                f"{_compared(chance)}"
            )
        case _:
            return chance.choice(
                (*HIDDEN, 'request.path.startsWith("/a")', "destination.port == 22")
            )


def _compared(chance: random.Random) -> str:
    value = chance.choice(_VALUES)
    return chance.choice(
        (f' == "{value}"', f' != "{value}"', f'.startsWith("{value}")', f'.endsWith("{value}")')
    )


def questions(case: Case, chance: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Give what to ask the oracle: for each way that the circumstances may be, many requests."""
    held = [name for name, text in zip(_HOLDS, HIDDEN, strict=True) if text in case.condition]
    proxied = "request.path" in case.condition or "destination" in case.condition
    for world in case.asked.worlds:
        subjects = [s for subject in world for s in _subjects(subject, case.condition, chance)]
        for values in itertools.product((True, False), repeat=len(held)):
            for given in (False, True) if proxied else (False,):
                yield [
                    _request(chance, case, chance.choice(subjects), given,
                             dict(zip(held, values, strict=True)), number)
                    for number in range(120)
                ]  # fmt: skip


def _subjects(subject: Any, condition: str, chance: random.Random) -> list[dict[str, str]]:
    fixed = {
        key: value
        for key, value in (("service", subject.service), ("type", subject.type))
        if isinstance(value, str)
    }
    if isinstance(subject.name, str):
        return [{**fixed, "name": subject.name}]
    if not isinstance(subject.name, Free):
        return [fixed]
    pieces = [t for pair in re.findall(r"'([^']*)'|\"([^\"]*)\"", condition) for t in pair if t]
    pieces += [p for t in pieces for p in (t.removeprefix(subject.name.start), t.partition("{")[0],
                                           t.partition("}")[2], t.rpartition("/")[2])]  # fmt: skip
    pieces += ["x", "/", "zz/"]
    found = ["x", *(p for p in pieces if p)]
    found += ["".join(chance.choices(pieces, k=chance.randrange(1, 5))) for _ in range(60)]
    return [{**fixed, "name": subject.name.start + text} for text in found if text]


def _request(
    chance: random.Random, case: Case, subject: dict[str, str], given: bool,
    holds: dict[str, bool], number: int,
) -> dict[str, Any]:  # fmt: skip
    api: dict[str, Any] = {}
    if case.permission == "storage.objects.list":
        api["storage.googleapis.com/objectListPrefix"] = "".join(chance.choices(_VALUES, k=2))
    if case.permission.endswith("setIamPolicy"):
        is_all = case.permission.startswith("resourcemanager.")
        granted = [chance.choice(_ROLES[:2] if is_all else _ROLES)]
        api[_GRANTS] = granted
    request: dict[str, Any] = {"time": _time(chance, case.condition, number).isoformat()}
    destination = {}
    if given:
        request["path"], destination["port"] = "", 0
    return {"resource": subject, "request": request, "api": api, "holds": holds,
            "destination": destination}  # fmt: skip


def _time(chance: random.Random, condition: str, number: int) -> datetime.datetime:
    if "request.time" not in condition or number == 0:
        return NOW
    spans = (3600 * chance.randrange(200), 86400 * chance.randrange(370), 60 * chance.randrange(90))
    year = datetime.datetime(chance.randrange(2027, 2034), 1, 1, tzinfo=datetime.UTC)
    start = chance.choice([NOW, year, *(datetime.datetime.fromisoformat(t) for t in _TIMES[2:])])
    beside = datetime.timedelta(seconds=chance.choice((-1, 0, 0, 1, *spans, *spans)))
    return max(NOW, start + beside).replace(microsecond=0)
