"""Write down which fields Microsoft publishes for what the Azure vocabulary and estate name.

``python -m tests.contracts.azure_types FOLDER`` reads a checkout of Microsoft's ``bicep-types-az``
(resource types of every api-version, made from its REST specifications) and writes
``azure_fields.json``: per operation the model of one item in the very api-version that is asked,
per model its fields. Only models that some path of the vocabulary or some thing of the estate goes
through are kept. Nothing of the checkout is imported or kept beside the names.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.providers.azure.route import ArmRead
from tests.contracts.azure_paths import MAP, OPEN, Published, operations, paths_of
from tests.contracts.azure_things import things
from tests.shipped import shipped_vocabulary

TABLE = Path(__file__).with_name("azure_fields.json")
# Operations whose right names another type than that of their items.
_TYPES = {
    "cognitiveservices:DeletedAccounts_List": "Microsoft.CognitiveServices/accounts",
    "web:WebApps_GetAuthSettingsV2WithoutSecrets": "Microsoft.Web/sites/config",
}
# Entries of the walk itself, of which the vocabulary reads nothing.
UNTYPED = (
    "authorization:Permissions_ListForSubscription",
    "keyvault:Vaults_ListDeleted",
    "managementgroups:ManagementGroups_GetDescendants",
    "resourcegraph:Resources",
    "resources:Subscriptions_List",
)
# Answers that are no resource that could be made, so that the checkout has no type for them: as in
# the models of azure-mgmt-apimanagement 5.0.0, azure-mgmt-authorization 4.0.0,
# azure-mgmt-resource 23.2.0 and azure-ai-projects 2.10.0.
_ANSWERS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "resources:Resources_List": {
        "": {
            **dict.fromkeys(
                ("id", "name", "type", "location", "kind", "managedBy", "createdTime",
                 "changedTime", "provisioningState", "extendedLocation"), "",
            ),
            "tags": MAP, "sku": OPEN, "plan": OPEN, "properties": OPEN, "identity": "Identity",
        },
        "Identity": {
            **dict.fromkeys(("principalId", "tenantId", "type"), ""),
            "userAssignedIdentities": f"{MAP}Attached",
        },
        "Attached": dict.fromkeys(("clientId", "principalId"), ""),
    },
    "apimanagement:TenantAccess_Get": {
        "": {"id": "", "name": "", "type": "", "properties": "Access"},
        "Access": dict.fromkeys(("enabled", "id", "principalId"), ""),
    },
    "aiprojects:Agents_List": {
        "": {**dict.fromkeys(("id", "name", "object", "state"), ""), "versions": "Versions",
             "agent_endpoint": "Endpoint", "instance_identity": "Identity"},
        "Versions": {"latest": "Version"},
        "Version": {**dict.fromkeys(("id", "name", "object", "version", "status"), ""),
                    "definition": "Definition"},
        "Endpoint": {"version_selector": "Selector"},
        "Selector": {"version_selection_rules": "Rule"},
        "Rule": dict.fromkeys(("agent_version", "traffic_percentage", "type"), ""),
        "Identity": dict.fromkeys(("client_id", "principal_id", "status"), ""),
        "Definition": {
            **dict.fromkeys(("kind", "model", "instructions", "workflow"), ""),
            "rai_config": "Rai", "tools": "Tool", "harness": OPEN, "environment_variables": MAP,
        },
        "Rai": {"rai_policy_name": ""},
        "Tool": {
            **dict.fromkeys(("type", "name", "server_label", "server_url", "authorization",
                             "project_connection_id"), ""),
            "headers": MAP, "require_approval": OPEN, "openapi": "OpenApi",
            "azure_ai_search": "Search",
        },
        "OpenApi": {"name": "", "spec": OPEN, "auth": "OpenApiAuth"},
        "OpenApiAuth": {"type": "", "security_scheme": OPEN},
        "Search": {"indexes": "Index"},
        "Index": dict.fromkeys(("index_name", "project_connection_id", "query_type"), ""),
    },
    "authorization:DenyAssignments_List": {
        "": {"id": "", "name": "", "type": "", "properties": "Deny"},
        "Deny": {
            **dict.fromkeys(
                ("condition", "conditionVersion", "denyAssignmentName", "description", "scope",
                 "doNotApplyToChildScopes", "isSystemProtected"), "",
            ),
            "permissions": "Permission",
            "principals": "Principal",
            "excludePrincipals": "Principal",
        },
        "Permission": dict.fromkeys(("actions", "dataActions", "notActions", "notDataActions"), ""),
        "Principal": dict.fromkeys(("id", "type"), ""),
    },
}  # fmt: skip


class Types(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One file: the resource types of one namespace and api-version, as a list of types."""

    known: tuple[Mapping[str, Any], ...]

    @functools.cached_property
    def bodies(self) -> Mapping[str, int]:
        """Which type a resource's body is, by the resource type's name in lower case."""
        return {
            each["name"].partition("@")[0].lower(): _at(each["body"])
            for each in self.known
            if each["$type"] == "ResourceType"
        }

    def name(self, at: int) -> str:
        return f"{self.known[at].get('name', '')}#{at}"

    def model(self, at: int) -> dict[str, str]:
        """Give a model's fields with what they lead to; kinds of it are put into one."""
        found = self.known[at]
        fields: dict[str, set[str]] = {}
        for name, given in self._properties(found):
            fields.setdefault(name, set()).add(self._target(_at(given["type"])))
        return {name: "|".join(sorted(targets - {""})) for name, targets in fields.items()}

    def _properties(self, found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        yield from found.get("properties", {}).items()
        yield from found.get("baseProperties", {}).items()
        kinds = found.get("elements", {})
        for kind in kinds.values() if isinstance(kinds, dict) else ():
            yield from self._properties(self.known[_at(kind)])

    def _target(self, at: int) -> str:
        found = self.known[at]
        match found["$type"]:
            case "ArrayType":
                return self._target(_at(found["itemType"]))
            case "UnionType":
                within = {self._target(_at(each)) for each in found["elements"]}
                return "|".join(sorted(within - {""}))
            case "ObjectType" | "DiscriminatedObjectType":
                more = found.get("additionalProperties")
                is_plain_map = more is not None and not found.get("properties")
                return MAP + self._target(_at(more)) if is_plain_map else self.name(at)
            case "AnyType":
                return OPEN
            case _:
                return ""


def _at(reference: Mapping[str, str]) -> int:
    return int(reference["$ref"].rpartition("/")[2])


def publish(folder: Path) -> dict[str, Any]:
    """Build the table for all operations out of a checkout."""
    items: dict[str, dict[str, str]] = {}
    models: dict[str, dict[str, str]] = {}
    for label, operation in operations().items():
        if label in _ANSWERS:
            items[label] = {"version": operation.version, "model": f"{label} "}
            models |= {f"{label} {k}": _placed(v, label) for k, v in _ANSWERS[label].items()}
        elif label not in UNTYPED:
            place, types, at = _found(folder, label, operation)
            items[label] = {"version": operation.version, "model": f"{place} {types.name(at)}"}
            models |= {
                f"{place} {types.name(each)}": _placed(types.model(each), place)
                for each, kind in enumerate(types.known)
                if "ObjectType" in kind["$type"]
            }
    whole = Published(items={k: v["model"] for k, v in items.items()}, models=models)
    visited = {item["model"] for item in items.values()} | set(_visited(whole))
    kept = {
        name: {field: _pruned(to, visited) for field, to in sorted(models[name].items())}
        for name in sorted(visited)
    }
    return {"items": dict(sorted(items.items())), "models": kept}


def _found(folder: Path, label: str, operation: ArmRead) -> tuple[str, Types, int]:
    wanted = _TYPES.get(label, operation.right.partition(",")[0].rpartition("/")[0]).lower()
    namespace = wanted.partition("/")[0]
    for path in sorted(folder.glob(f"*/{namespace}/{operation.version}/types.json")):
        types = _load(path)
        if wanted in types.bodies:
            return f"{namespace}@{operation.version}", types, types.bodies[wanted]
    raise LookupError(f"{label}: no {wanted}@{operation.version} in {folder}")


@functools.cache
def _load(path: Path) -> Types:
    return Types(known=tuple(json.loads(path.read_text("utf-8"))))


def _placed(model: Mapping[str, str], place: str) -> dict[str, str]:
    """Say of which file the models are that the fields lead to."""
    return {
        field: "|".join(_in_place(to, place) for to in target.split("|"))
        for field, target in model.items()
    }


def _in_place(target: str, place: str) -> str:
    marks = target[: len(target) - len(target.lstrip(MAP))]
    name = target[len(marks) :]
    return f"{marks}{place} {name}" if name not in ("", OPEN) else target


def _visited(published: Published) -> Iterator[str]:
    vocabulary = shipped_vocabulary()
    for named in paths_of(vocabulary):
        # What is published nowhere is for the test to say, not for the table to hide.
        with contextlib.suppress(LookupError):
            yield from published.walk(named)
    for label, body in things():
        if label in published.items:
            yield from published.models_of(label, body)


def _pruned(target: str, visited: Iterable[str]) -> str:
    kept = [to for to in target.split("|") if to.lstrip(MAP) in ("", OPEN, *visited)]
    return "|".join(kept) or (OPEN if target else "")


if __name__ == "__main__":
    TABLE.write_text(json.dumps(publish(Path(sys.argv[1])), indent=1) + "\n", "utf-8")
