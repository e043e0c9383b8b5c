"""The short form of an example of an Azure technique: what is allowed where, and who else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.providers.azure.facts.technique_targets import MANAGED, RUNNERS, WORKLOAD

EXAMPLE_KEYS = (
    "allow", "data", "condition", "deny", "admins", "others", "things", "vaults", "entra",
)  # fmt: skip
SUBSCRIPTION = "/subscriptions/111122223333"
GROUP = f"{SUBSCRIPTION}/resourcegroups/ml"
_PLACES = {"subscription": SUBSCRIPTION, "group": GROUP, "root": "/"}
_IDENTITIES = f"{GROUP}/providers/microsoft.managedidentity/userassignedidentities"
Documents = dict[str, dict[str, Any]]


def spell_out(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Give the resources of an example by name; ``self`` is the identity that is asked about.

    ``allow`` and ``data`` map actions and data actions (several with spaces between) to where a
    role allows them: ``subscription``, ``group``, ``root``, ``identity/NAME`` or a thing.
    ``condition`` is that of each assignment, and ``deny`` lists actions that are denied.
    ``admins`` and ``others`` are names of identities with every right, or none. ``things`` map what
    runs code (``machine/train``) to the identity it runs as. ``vaults`` map vaults to whether roles
    decide about them. ``entra`` lists roles that it has in Microsoft Entra.

    Raises:
        ValueError: what has another form.
    """
    documents: Documents = {"self": _identity("me")}
    documents["self"]["directory_roles"] = list(raw.get("entra", ()))
    for key, field in (("allow", "actions"), ("data", "data_actions")):
        for actions, where in (raw.get(key) or {}).items():
            _give(documents, "self", str(where), {field: str(actions).split()}, raw)
    for name in raw.get("admins", ()):
        documents[f"identity/{name}"] = _identity(name)
        _give(documents, f"identity/{name}", "subscription", {"actions": ["*"]}, {})
    for name in raw.get("others", ()):
        documents[f"identity/{name}"] = _identity(name)
    for name, identity in (raw.get("things") or {}).items():
        documents |= _thing(str(name), str(identity))
    for name, uses_roles in (raw.get("vaults") or {}).items():
        documents[name] = {
            "type": "azure.keyvault.vault", "id": _place(name), "uses_rbac": uses_roles
        }  # fmt: skip
    if raw.get("deny"):
        documents["denial"] = {
            "type": "azure.identity.deny_assignment", "granted_at": SUBSCRIPTION,
            "principals": ["p-me"], "excluded": [], "stops_at_children": False,
            "permissions": [{"actions": list(raw["deny"])}],
        }  # fmt: skip
    return documents


def _give(
    documents: Documents, who: str, where: str, block: Mapping[str, Any], raw: Mapping[str, Any]
) -> None:
    role = f"role-{len(documents)}"
    documents[role] = {
        "type": "azure.identity.role_definition", "role": role, "permissions": [block]
    }  # fmt: skip
    principal = documents[who]["principal_id"]
    assignment = {"scope": _place(where), "role": role, "principal_id": principal}
    if raw.get("condition"):
        assignment["condition"] = raw["condition"]
    documents[who]["assignments"].append(assignment)


def _identity(name: str) -> dict[str, Any]:
    return {
        "type": MANAGED, "id": f"{_IDENTITIES}/{name}", "principal_id": f"p-{name}",
        "assignments": [],
    }  # fmt: skip


def _place(where: str) -> str:
    if where in _PLACES:
        return _PLACES[where]
    kind, _, name = where.partition("/")
    if kind == "identity":
        return f"{_IDENTITIES}/{name}"
    if kind == "vault":
        return f"{GROUP}/providers/microsoft.keyvault/vaults/{name}"
    if kind == "account":
        return f"{GROUP}/providers/microsoft.storage/storageaccounts/{name}"
    runner = RUNNERS.get(kind)
    if runner is None or not name:
        raise ValueError(f'"{where}" is not subscription, group, root, or a kind of thing/NAME')
    pieces = runner.arm.split("/")
    names = ["w"] * (len(pieces) - 2) + [name]
    steps = [f"{piece}/{given}" for piece, given in zip(pieces[1:], names, strict=True)]
    return f"{GROUP}/providers/{pieces[0]}/" + "/".join(steps)


def _thing(name: str, identity: str) -> Documents:
    kind = name.partition("/")[0]
    identifier = _place(name)
    runner = RUNNERS[kind]
    if not runner.types:
        raise ValueError(f'whom "{name}" runs as is not read')
    document: dict[str, Any] = {
        "type": runner.types[0], "id": identifier, "principal_ids": [f"p-{identity}"]
    }  # fmt: skip
    if runner.types[0] == WORKLOAD:
        document["kind"] = runner.arm
    if runner.holder:
        # The compute in a workspace that rights are held on.
        document["id"] = f"{identifier}/computes/c"
        document["workspace_id"] = identifier
        return {name: document, f"{name} itself": {"type": "azure.ml.workspace", "id": identifier}}
    return {name: document}
