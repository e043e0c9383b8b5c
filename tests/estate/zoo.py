"""One invented specimen of every kind in the collectors' tables that the company does not own.

With it a scan makes every call there is, so that each can be denied in turn. No verdict is declared
for a specimen: it shows that nothing is hidden, not that a rule is right.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from mlsec.collect.walk.plan import Operation, TypePlan
from tests.estate.identify import operation_model
from tests.estate.model import ACCOUNT, HOME
from tests.estate.overlay import Canned
from tests.estate.seed import Ids

_DEEPEST = 7
_MADE_AT = datetime.datetime(2026, 11, 1, 8, tzinfo=datetime.UTC)
_LIVELY = (
    "InService", "ACTIVE", "Active", "READY", "Completed", "COMPLETED", "PREPARED", "Prepared",
    "AVAILABLE", "Available", "CREATED", "Created", "Enabled", "ENABLED", "Running",
)  # fmt: skip
_SHARED_FORMS = ("job", "model", "thing", "monitoringjobdefinition", "jobdefinition")
_TOKENS = ("nexttoken", "marker", "position", "nextmarker")


def specimens(plans: Iterable[TypePlan], owned: frozenset[str], ids: Ids) -> tuple[Canned, ...]:
    """Give a listing with one entry, and the answers to its reads, for each type not owned."""
    grown: dict[tuple[str, str], Canned] = {}
    for plan in plans:
        if plan.type in owned:
            continue
        operations = [*([plan.listing] if plan.listing else []), *plan.reads]
        for operation in operations:
            key = (operation.service, operation.name)
            grown.setdefault(key, _canned(operation, _hints(operations), ids))
    return tuple(grown.values())


def _hints(operations: Iterable[Operation]) -> dict[str, Any]:
    """Collect member -> value from the conditions under which later reads are made."""
    return {
        path.rsplit(".", 1)[-1]: values[0]
        for operation in operations
        for path, values in operation.only_if.items()
        if values
    }


def _canned(operation: Operation, hints: Mapping[str, Any], ids: Ids) -> Canned:
    shape = operation_model(operation.service, operation.name).output_shape
    grower = _Grower(operation.service, _noun_of(operation.name), hints, ids)
    answer = {} if shape is None else grower.grow(shape, shape.name, 0)
    region = "" if operation.is_global else HOME
    return Canned(service=operation.service, operation=operation.name, region=region, answer=answer)


def _noun_of(name: str) -> str:
    """Give what an operation is about, the same for its listing and its description."""
    return re.sub(r"^(List|Get|Describe|BatchGet)|(s|ies|y)$", "", name).lower()


class _Grower:
    """Fills a shape with plain, valid, always equal values that point at the company's things."""

    def __init__(self, service: str, noun: str, hints: Mapping[str, Any], ids: Ids) -> None:
        self._service = service
        self._noun = noun
        self._hints = hints
        self._ids = ids

    def grow(self, shape: Shape, name: str, depth: int) -> Any:
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth)
        if isinstance(shape, ListShape):
            return [] if depth > _DEEPEST else [self.grow(shape.member, name, depth + 1)]
        if isinstance(shape, MapShape):
            return {} if depth > _DEEPEST else {"key": self.grow(shape.value, name, depth + 1)}
        hint = self._hints.get(name)
        is_of_kind = isinstance(hint, str if isinstance(shape, StringShape) else bool)
        if is_of_kind and hint in (getattr(shape, "enum", None) or [hint]):
            return hint
        if isinstance(shape, StringShape):
            return self._text(shape, name)
        return {
            "boolean": True,
            "timestamp": _MADE_AT,
            "blob": b"specimen",
            "float": 0.5,
            "double": 0.5,
        }.get(shape.type_name, max(1, int(shape.metadata.get("min", 1))))

    def _structure(self, shape: StructureShape, depth: int) -> Any:
        if shape.is_document_type:
            return [] if self._service == "opensearchserverless" else {}
        members = dict(shape.members)
        required = list(shape.required_members)
        if shape.is_tagged_union:  # exactly one member, however deep
            members = dict([next(iter(members.items()))])
            required = list(members)
        return {
            name: self.grow(child, name, depth + 1)
            for name, child in members.items()
            if (name.lower() not in _TOKENS or name in required)
            and (depth <= _DEEPEST or name in required)
        }

    def _text(self, shape: StringShape, name: str) -> str:
        allowed = shape.enum
        if allowed:
            return next((value for value in _LIVELY if value in allowed), allowed[0])
        return self._free(name).ljust(int(shape.metadata.get("min", 0)), "x")

    def _free(self, name: str) -> str:
        low = name.lower()
        if low in _TOKENS:
            return ""
        if self._service == "wafv2" and low == "arn":
            return self._endings()["webaclarn"]
        for ending, value in self._endings().items():
            if low.endswith(ending):
                return value
        if low.endswith(("arn", "arns")):
            kind = low.removesuffix("s").removesuffix("arn").strip("_") or "thing"
            # Kinds that share an ARN's form are told apart by the operation that lists them.
            own = f"-{self._noun}" if kind in _SHARED_FORMS else ""
            return f"arn:aws:{self._service}:{HOME}:{ACCOUNT}:{kind}/specimen{own}"
        if ("policy" in low or "policies" in low) and not low.endswith(
            ("name", "id", "type", "version")
        ):
            return '{"Version":"2012-10-17","Statement":[]}'
        return f"specimen-{low}"[:40]

    def _endings(self) -> dict[str, str]:
        key = self._ids.keys["platform"]
        role = f"arn:aws:iam::{ACCOUNT}:role/vpc-flow-logs"
        return {
            "kmskeyid": key, "kmskeyarn": key, "encryptionkeyarn": key, "kmskey": key,
            "webaclarn": f"arn:aws:wafv2:{HOME}:{ACCOUNT}:webacl/specimen",
            "taskdefinition": f"arn:aws:ecs:{HOME}:{ACCOUNT}:taskdefinition/specimen",
            "rolearn": role, "s3uri": "s3://nordlicht-access-logs/specimen",
            "s3outputpath": "s3://nordlicht-access-logs/specimen",
            "bucketname": "nordlicht-access-logs", "vpcid": self._ids.vpc,
            "subnetid": self._ids.subnets[0], "subnetids": self._ids.subnets[0],
            "subnets": self._ids.subnets[0], "securitygroupids": self._ids.closed_group,
            "securitygroupid": self._ids.closed_group, "accountid": ACCOUNT,
            "region": HOME, "version": "1", "value": "1",
        }  # fmt: skip
