"""An invented rule set: ten types, thirty rules each, and the same rules for Cloud Custodian.

Per type: 12 flags, 5 enumerations, 1 pattern, 3 thresholds, 6 over nested lists, 2 dates and
1 compound; the mix of what posture rules ask.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.load import load_rules
from mlsec.vocabulary.load import load_vocabulary

TYPES = (
    "endpoint", "model", "notebook", "bucket", "key", "role", "registry", "agent", "job", "store",
)  # fmt: skip
FLAGS = (
    "encrypted", "versioned", "logging", "private_network", "isolated", "signed", "scanned",
    "monitored", "backed_up", "rotates", "rooted", "open_to_all",
)  # fmt: skip
WANTED_FALSE = ("rooted", "open_to_all")
ENUMS = {
    "tls_policy": ("TLS10", "TLS11", "TLS12", "TLS13"),
    "auth_mode": ("None", "Anonymous", "Key", "Role"),
    "key_kind": ("Service", "Shared", "Customer", "Hardware"),
    "approval": ("Rejected", "Pending", "Approved", "Released"),
    "network_mode": ("Public", "Bridge", "Private", "Isolated"),
}
THRESHOLDS = {"retention_days": 30, "instance_count": 2, "backup_copies": 3}
DATES = {"rotated_at": 90, "patched_at": 30}
PATTERN = "^team-[a-z]+-[0-9]+$"
ITEMS: dict[str, dict[str, str]] = {
    "ingress": {"cidr": "string", "from_port": "int", "to_port": "int", "protocol": "string"},
    "containers": {"image": "string", "digest": "string", "privileged": "bool", "memory": "int"},
    "statements": {
        "effect": "string", "principals": "list of string", "actions": "list of string",
        "resources": "list of string", "has_condition": "bool",
    },
    "log_targets": {"target": "string", "enabled": "bool"},
}  # fmt: skip
FILLER = ("description", "created_by", "endpoint_address", "platform", "environment_hint")


def rule_conditions() -> dict[str, dict[str, Any]]:
    """What each of a type's thirty rules asserts, by the last part of its id."""
    flags = {f"flag-{name.replace('_', '-')}": {name: name not in WANTED_FALSE} for name in FLAGS}
    enums = {f"enum-{k.replace('_', '-')}": {k: list(v[2:])} for k, v in ENUMS.items()}
    limits = {f"least-{k.replace('_', '-')}": {k: {"gte": v}} for k, v in THRESHOLDS.items()}
    dates = {f"old-{k.replace('_', '-')}": {k: {"newer_than": f"{v}d"}} for k, v in DATES.items()}
    return {
        **flags,
        **enums,
        **limits,
        **dates,
        "pattern-owner": {"owner": {"matches": PATTERN}},
        "list-ssh-open": {
            "none": {
                "in": "ingress",
                "where": {"cidr": "0.0.0.0/0", "from_port": {"lte": 22}, "to_port": {"gte": 22}},
            }
        },
        "list-any-protocol": {"none": {"in": "ingress", "where": {"protocol": "all"}}},
        "list-no-digest": {"each": {"in": "containers", "that": {"digest": {"exists": True}}}},
        "list-privileged": {"each": {"in": "containers", "that": {"privileged": False}}},
        "list-no-log": {"some": {"in": "log_targets", "that": {"enabled": True}}},
        "list-anyone-allowed": {
            "none": {
                "in": "statements",
                "where": {
                    "effect": "Allow",
                    "principals": {"contains": "*"},
                    "has_condition": False,
                },
            }
        },
        "compound-public": {
            "any": [{"public": False}, {"all": [{"door_auth": "Role"}, {"door_filter": True}]}]
        },
    }


def custodian_filters() -> dict[str, list[dict[str, Any]]]:
    """Per rule, Cloud Custodian's filters that match a resource that violates it."""

    def value(key: str, wanted: Any, **more: Any) -> dict[str, Any]:
        return {"type": "value", "key": key, "value": wanted, **more}

    def item(key: str, *attrs: dict[str, Any]) -> dict[str, Any]:
        return {"type": "list-item", "key": key, "attrs": list(attrs)}

    found: dict[str, list[dict[str, Any]]] = {}
    for name in FLAGS:
        found[f"flag-{name.replace('_', '-')}"] = [value(name, name not in WANTED_FALSE, op="ne")]
    for name, members in ENUMS.items():
        found[f"enum-{name.replace('_', '-')}"] = [value(name, list(members[2:]), op="not-in")]
    for name, least in THRESHOLDS.items():
        found[f"least-{name.replace('_', '-')}"] = [value(name, least, op="lt")]
    for name, days in DATES.items():
        found[f"old-{name.replace('_', '-')}"] = [value(name, days, op="gt", value_type="age")]
    found["pattern-owner"] = [{"not": [value("owner", PATTERN, op="regex")]}]
    found["list-ssh-open"] = [
        item(
            "ingress",
            value("cidr", "0.0.0.0/0"),
            value("from_port", 22, op="lte"),
            value("to_port", 22, op="gte"),
        )
    ]
    found["list-any-protocol"] = [item("ingress", value("protocol", "all"))]
    found["list-no-digest"] = [item("containers", value("digest", "absent"))]
    found["list-privileged"] = [item("containers", value("privileged", True))]
    found["list-no-log"] = [{"not": [item("log_targets", value("enabled", True))]}]
    found["list-anyone-allowed"] = [
        item(
            "statements",
            value("effect", "Allow"),
            value("principals", "*", op="contains"),
            value("has_condition", False),
        )
    ]
    found["compound-public"] = [
        value("public", True),
        {"or": [value("door_auth", "Role", op="ne"), value("door_filter", True, op="ne")]},
    ]
    return found


def write_rules(folder: Path) -> RuleSet:
    """Write vocabulary and rules below ``folder`` as YAML and load them as any other."""
    vocabulary = {f"made.{name}": _type(name) for name in TYPES}
    place = folder / "vocabulary"
    place.mkdir(parents=True, exist_ok=True)
    (place / "made.yaml").write_text(yaml.safe_dump(vocabulary, sort_keys=False), "utf-8")
    for name in TYPES:
        (folder / "rules" / name).mkdir(parents=True, exist_ok=True)
        for last, must in rule_conditions().items():
            text = yaml.safe_dump(_rule(name, last, must), sort_keys=False)
            (folder / "rules" / name / f"{last}.yaml").write_text(text, "utf-8")
    return load_rules((folder / "rules",), load_vocabulary(place))


def _type(name: str) -> dict[str, Any]:
    kinds: dict[str, Any] = dict.fromkeys((*FLAGS, "public", "door_filter"), "bool")
    kinds |= {key: f"enum [{', '.join(members)}]" for key, members in ENUMS.items()}
    kinds |= dict.fromkeys(THRESHOLDS, "int") | dict.fromkeys(DATES, "date")
    kinds |= dict.fromkeys(("owner", "door_auth", *FILLER), "string")
    properties: dict[str, Any] = {
        key: {"type": kind, "from": {"api": f"Describe:{key}"}} for key, kind in kinds.items()
    }
    for key, fields in ITEMS.items():
        items = {field: {"type": kind} for field, kind in fields.items()}
        # An image without a digest is known to have none.
        if "digest" in items:
            items["digest"]["absent"] = None
        properties[key] = {"type": "list", "from": {"api": f"Describe:{key}"}, "items": items}
    return {"title": f"Made {name}", "properties": properties}


def _rule(name: str, last: str, must: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{name}/{last}",
        "title": f"{name} violates {last}",
        "severity": "high",
        "category": "exposure",
        "concern": "security",
        "status": "stable",
        "since": "0.1",
        "resource": f"made.{name}",
        "assert": must,
        "message": "{name} violates " + last,
        "why": "It is made up to be measured.",
        "fix": {"text": "Nothing is to be mended."},
        "tests": {"pass": [{}], "fail": [{}], "not_assessed": [{}]},
    }
