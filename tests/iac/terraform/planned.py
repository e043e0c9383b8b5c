"""A plan as ``terraform show -json`` writes it, made of what the code declares.

There is no Terraform to ask here, so this writes the documented format (format version 1.2) from
the evaluated code: known values, what the apply will know, and the references behind it.
"""

from __future__ import annotations

import json
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.plan_references import module_path
from mlsec.iac.terraform.target import Target
from mlsec.iac.terraform.values import Joined, Symbol
from tests.iac.terraform.written import scope_of


def plan_of(files: dict[str, str], root: str = "") -> str:
    """Give the plan of one root module."""
    declared = list(Target(scope_of(files)).declared_in(root))
    planned: dict[str, Any] = {"resources": []}
    configured: dict[str, Any] = {"resources": []}
    changes = []
    for each in declared:
        values, unknown, expressions = _split(each.body)
        modules, resource = module_path(each.address)
        _module(planned, modules)["resources"].append({
            **_head(each), "address": each.address, "values": values, "sensitive_values": {},
        })  # fmt: skip
        change = {"actions": ["create"], "before": None, "after": values, "after_unknown": unknown}
        changes.append({**_head(each), "address": each.address, "change": change})
        _call(configured, modules)["resources"].append({
            **_head(each), "address": resource.partition("[")[0], "expressions": expressions,
        })  # fmt: skip
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "planned_values": {"root_module": planned},
            "resource_changes": changes,
            "configuration": {"root_module": configured},
        },
        indent=1,
    )


def _head(each: Declaration) -> dict[str, Any]:
    return {"mode": "managed", "type": each.type, "name": each.name, "provider_name": "x"}


def _module(root: dict[str, Any], modules: tuple[str, ...]) -> dict[str, Any]:
    here, address = root, ""
    for name in modules:
        address = f"{address}.module.{name}".lstrip(".")
        children = here.setdefault("child_modules", [])
        found = [child for child in children if child["address"] == address]
        if not found:
            found = [{"address": address, "resources": []}]
            children += found
        here = found[0]
    return here


def _call(root: dict[str, Any], modules: tuple[str, ...]) -> dict[str, Any]:
    here = root
    for name in modules:
        calls = here.setdefault("module_calls", {})
        call = calls.setdefault(name.partition("[")[0], {"module": {"resources": []}})
        here = call["module"]
    return here


def _split(node: Node) -> tuple[Any, Any, Any]:
    """Give what is known, where something is not, and what the expressions refer to."""
    value = node.value
    if node.tag == "json":
        known = _known_json(node)
        return (None, True, {}) if known is None else (json.dumps(known), False, {})
    if isinstance(value, (Symbol, Joined, UnknownValue)):
        return None, True, {"references": _references(value)}
    if isinstance(value, tuple):
        parts = [_split(each) for each in value]
        return ([p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts])
    if isinstance(value, dict):
        made = {key: _split(each) for key, each in value.items()}
        return (
            {key: part[0] for key, part in made.items() if part[1] is not True},
            {key: part[1] for key, part in made.items() if part[1]},
            {key: part[2] for key, part in made.items()},
        )
    return value, False, {"constant_value": value}


def _references(value: Any) -> list[str]:
    parts = value.parts if isinstance(value, Joined) else (value,)
    found = []
    for part in parts:
        if isinstance(part, Symbol) and part.address != "own":
            resource = module_path(part.address)[1]
            found += [".".join((resource, *map(str, part.path))), resource]
    return found


def _known_json(node: Node) -> Any:
    value = node.value
    if isinstance(value, (Symbol, Joined, UnknownValue)):
        return None
    if isinstance(value, tuple):
        inner = [_known_json(each) for each in value]
        return None if None in inner else inner
    if isinstance(value, dict):
        made = {key: _known_json(each) for key, each in value.items()}
        return None if None in made.values() else made
    return value
