"""Who the resources of an ARM template run as: known when they are made, the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node
from mlsec.iac.arm.deployment_context import SUBSCRIPTION_ID
from mlsec.iac.mapping.partial_text import at


def principal_of(found_id: str) -> str:
    """Give the words for who a resource runs as."""
    return f"‹principal of {found_id.lower()}›"


def add_identity(body: dict[str, Node], found_id: str, kind: str) -> None:
    """Who it runs as is known when it is made; it is the same wherever the code refers to it."""
    if kind.lower() == "microsoft.managedidentity/userassignedidentities":
        result = body.get("properties")
        own = result.pairs() if result is not None else {}
        body["properties"] = Node({**own, "principalId": Node(principal_of(found_id))})
        return
    identity = body.get("identity")
    if identity is None or not isinstance(identity.value, Mapping):
        return
    fields = dict(identity.pairs())
    if "systemassigned" in identity.text("type").lower():
        fields.setdefault("principalId", Node(principal_of(found_id)))
    attached = {
        value: at(node, {"principalId": Node(principal_of(value)), **node.pairs()})
        for value, node in identity.pairs("userAssignedIdentities").items()
    }
    if attached:
        fields["userAssignedIdentities"] = at(identity, attached)
    body["identity"] = at(identity, fields)


class Answers(dict[str, Any]):
    """What a resource answers once it is made: only who it runs as has words of its own."""

    def __init__(self, target: str) -> None:
        identity = principal_of(target)
        super().__init__(
            principalId=identity,
            identity={"principalId": identity, "tenantId": SUBSCRIPTION_ID.rpartition("/")[2]},
            id=target,
            name=target.rpartition("/")[2],
        )
        if target.lower().rpartition("/")[0].endswith("/microsoft.keyvault/vaults"):
            self["vaultUri"] = f"https://{self['name']}.vault.azure.net/"
