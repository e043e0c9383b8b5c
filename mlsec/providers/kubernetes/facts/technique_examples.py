"""The short form of examples of techniques: rights by namespace, and administrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OWN = "ml"
_WIDE = "everywhere"


def split_resource(what: str) -> tuple[str, str]:
    """Give group and plural of ``deployments.apps`` or ``roles.rbac.authorization.k8s.io``."""
    plural, _, part = what.partition("/")
    plural, _, group = plural.partition(".")
    if part:
        part, _, group = part.partition(".")
    return group, f"{plural}/{part}" if part else plural


def spell_out(example: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Give the objects of an example; ``self`` is an account of the namespace ``ml``.

    ``rights`` are what it may do, as ``verb|verb resource name``, by namespace or ``everywhere``.
    ``admins`` are namespaces, each with an account that may do everything. ``version`` is that of
    the cluster.

    Raises:
        ValueError: a right has no verb and resource.
    """
    objects: dict[str, dict[str, Any]] = {"self": _account(_OWN)}
    for place, rights in dict(example.get("rights", {})).items():
        rules = [_rule(str(text)) for text in rights]
        objects |= dict(_given(place, "self", _OWN, "" if place == _WIDE else place, rules))
    for space in example.get("admins", ()):
        name = f"admin-{space}"
        rules = [{"verbs": ["*"], "groups": ["*"], "resources": ["*"]}]
        objects[name] = _account(space)
        objects |= dict(_given(name, name, space, "", rules))
    if "version" in example:
        objects["cluster"] = {"type": "kubernetes.cluster", "version": example["version"]}
    return objects


def _account(space: str) -> dict[str, Any]:
    return {"type": "kubernetes.service_account", "namespace": space, "is_declared": True}


def _rule(text: str) -> dict[str, Any]:
    verbs, _, rest = text.partition(" ")
    what, _, name = rest.partition(" ")
    if not what:
        raise ValueError(f'"{text}" is a verb and a resource, such as "create pods/exec"')
    group, plural = split_resource(what)
    return {
        "verbs": verbs.split("|"),
        "groups": [group],
        "resources": [plural],
        "names": [name] if name else [],
    }


def _given(
    name: str, account: str, space: str, where: str, rules: list[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give a role with these rules and its binding to an account, in a namespace or everywhere."""
    kind = "Role" if where else "ClusterRole"
    yield (
        f"role of {name}",
        {"type": "kubernetes.role", "kind": kind, "namespace": where, "rules": rules},
    )
    subject = {"kind": "ServiceAccount", "name": account, "namespace": space}
    yield (
        f"binding of {name}",
        {
            "type": "kubernetes.binding", "kind": f"{kind}Binding", "namespace": where,
            "role_kind": kind, "role_name": f"role of {name}", "subjects": [subject],
        },
    )  # fmt: skip
