"""Small graphs of an Azure subscription: roles, who has them, an account with a container."""

from __future__ import annotations

from functools import cache
from typing import Any

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import shipped_vocabulary

SCOPE = "azure/s1"
SUBSCRIPTION = "/subscriptions/s1"
GROUP = f"{SUBSCRIPTION}/resourcegroups/g"
ACCOUNT = f"{GROUP}/providers/microsoft.storage/storageaccounts/data"
CONTAINER = f"{ACCOUNT}/blobservices/default/containers/models"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
ME = "p1"


@cache
def vocabulary() -> Vocabulary:
    """Load the shipped vocabulary once."""
    return shipped_vocabulary()


def thing(kind: str, given_id: str, **properties: Any) -> Resource:
    """Make a resource of the subscription."""
    return Resource(
        id=given_id,
        type=f"azure.{kind}",
        provider="azure",
        scope=SCOPE,
        name=given_id.rpartition("/")[2],
        properties=properties,
    )


def role(name: str, *, less: tuple[str, ...] = (), **lists: tuple[str, ...]) -> Resource:
    """Make a role definition of one block; ``less`` are the actions it leaves out."""
    block = {key: list(value) for key, value in {**lists, "not_actions": less}.items()}
    return thing("identity.role_definition", f"/roles/{name}", role=name, permissions=[block])


def given(role_name: str, scope: str, *, condition: str | None = None) -> dict[str, Any]:
    """One entry of an identity's assignments."""
    return {"scope": scope, "role": role_name, "condition": condition, "principal_id": ME}


def identity(*assignments: dict[str, Any]) -> Resource:
    """Make a managed identity with its roles."""
    return thing(
        "identity.managed_identity", f"{GROUP}/ids/me", principal_id=ME,
        assignments=list(assignments),
    )  # fmt: skip


def foreign(role_name: str, scope: str, kind: str = "ForeignGroup") -> Resource:
    """Make a role assignment as the subscription lists it."""
    return thing(
        "identity.role_assignment", f"{scope}/assignments/{role_name}", granted_at=scope,
        role=role_name, principal_id="f1", principal_type=kind,
    )  # fmt: skip


def denial(action: str, *principals: str, scope: str = SUBSCRIPTION) -> Resource:
    """Make a deny assignment."""
    return thing(
        "identity.deny_assignment", f"{scope}/denials/{action}", granted_at=scope,
        principals=list(principals), excluded=[], stops_at_children=False, condition=None,
        permissions=[{"actions": [action]}],
    )  # fmt: skip


def account(**properties: Any) -> Resource:
    """Make a storage account that is closed unless told otherwise."""
    closed = {
        "allows_anonymous": False, "allows_shared_key": False, "public_network": "Enabled",
        "default_action": "Allow", "replications": [], "versioning": True, "log_categories": [],
        "key_uri": None,
    }  # fmt: skip
    return thing("storage.account", ACCOUNT, **{**closed, **properties})


def container(**properties: Any) -> Resource:
    """Make the container of that account."""
    return thing(
        "storage.container", CONTAINER,
        **{"account_id": ACCOUNT, "public_access": "None", "tags": {}, **properties},
    )  # fmt: skip


def graph_of(
    *resources: Resource, denied: tuple[str, ...] = (), gaps: tuple[Gap, ...] = ()
) -> Graph:
    """Build a graph in which all was listed but the types in ``denied``, for the first gap."""
    kinds = [name for name in vocabulary().types if name.startswith("azure.")]
    rows = tuple(
        TypeCoverage(
            type=kind,
            scope=SCOPE,
            region="",
            is_complete=kind not in denied,
            gaps=(gaps[0].id,) if kind in denied else (),
        )
        for kind in kinds
    )
    return build_graph(
        vocabulary(), Inventory(resources=resources, coverage=coverage_of(rows), gaps=gaps), FACTS
    )
