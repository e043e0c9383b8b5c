"""The short form of an example of a Google technique: what is granted, on what, and who else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLE_KEYS = ("may", "runs", "builds", "deny", "condition")
_PROJECT, _NUMBER = "shop", "111222333444"
_EVERYONE = "principalSet://goog/public:all"
_BUILDER = "roles/cloudbuild.builds.builder"
_NODES = {"project": _PROJECT, "folder": "42", "organization": "987"}
_TYPES = {
    "service": "gcp.run.service",
    "function": "gcp.functions.function",
    "notebook": "gcp.workbench.instance",
}
Documents = dict[str, dict[str, Any]]


def spell_out(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Give the resources of an example by name.

    ``may`` maps permissions (several with spaces between) to what they are granted on: project,
    folder, organization, the account ``owner``, which owns the project, the account ``other``,
    which has no rights, or one of ``runs``. ``runs`` maps a service, function or notebook to the
    account that it runs as. ``builds`` is the role of Cloud Build's own account on the project,
    the builder's in projects that have such an account. ``deny`` lists permissions that a policy
    denies to everybody. ``condition`` is that of each grant.

    Raises:
        ValueError: what has another form.
    """
    documents: Documents = {
        **{name: _account(name) for name in ("self", "owner", "other")},
        **{name: _node(kind, name) for kind, name in _NODES.items()},
        "home": {"type": "gcp.project", "name": _PROJECT, "number": _NUMBER},
        "roles/owner": _role("resourcemanager.projects.setIamPolicy"),
        _BUILDER: _role("cloudbuild.builds.create", "storage.objects.create"),
        "roles/viewer": _role("storage.buckets.list"),
    }
    documents[_PROJECT]["bindings"].append(_binding("roles/owner", "owner", None))
    if raw.get("builds"):
        member = f"serviceAccount:{_NUMBER}@cloudbuild.gserviceaccount.com"
        binding = {"role": str(raw["builds"]), "members": [member], "condition": None}
        documents[_PROJECT]["bindings"].append(binding)
    for kind, account in (raw.get("runs") or {}).items():
        if kind not in _TYPES or account not in documents:
            raise ValueError(f'"{kind}: {account}" is not service, function or notebook: account')
        documents[kind] = {"type": _TYPES[kind], _FIELD[kind]: _email(account), _LIST[kind]: []}
    for number, (permissions, where) in enumerate((raw.get("may") or {}).items()):
        place = _NODES.get(where, where)
        if place not in documents:
            raise ValueError(f'"{place}" is not there; known: {", ".join(sorted(documents))}')
        role = f"projects/{_PROJECT}/roles/r{number}"
        documents[role] = _role(*str(permissions).split())
        _grant(documents[place], _binding(role, "self", raw.get("condition")))
    if raw.get("deny"):
        rule = {"principals": [_EVERYONE], "permissions": list(raw["deny"])}
        documents["denies"] = {"type": "gcp.iam.deny_policy", "rules": [rule]}
    return {name: {**document, "scope": f"gcp/{_PROJECT}"} for name, document in documents.items()}


_FIELD = {"service": "account", "function": "account", "notebook": "service_account"}
_LIST = {"service": "bindings", "function": "bindings", "notebook": "grants"}


def _grant(document: dict[str, Any], binding: dict[str, Any]) -> None:
    if "grants" in document:
        document["grants"] += [
            {"role": binding["role"], "member": member} for member in binding["members"]
        ]
    else:
        document["bindings"].append(binding)


def _account(name: str) -> dict[str, Any]:
    email = _email(name)
    return {"type": "gcp.iam.service_account", "name": email, "email": email, "bindings": []}


def _node(kind: str, name: str) -> dict[str, Any]:
    return {"type": "gcp.resourcemanager.node", "name": name, "kind": kind, "bindings": []}


def _role(*permissions: str) -> dict[str, Any]:
    return {"type": "gcp.iam.custom_role", "permissions": list(permissions)}


def _binding(role: str, account: str, condition: str | None) -> dict[str, Any]:
    members = [f"serviceAccount:{_email(account)}"]
    return {"role": role, "members": members, "condition": condition}


def _email(account: str) -> str:
    return f"{account}@{_PROJECT}.iam.gserviceaccount.com"
