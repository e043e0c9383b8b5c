"""The parts that scenes on Azure are made of: a served model with all that is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tests.estate.azure_items import access
from tests.estate.azure_items.access import SCOPE, assignment, role
from tests.estate.azure_world import SUBSCRIPTION, agent, arm, child, group_id, project

Items = list[dict[str, Any]]
_ML = "Microsoft.MachineLearningServices/workspaces"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
PULL_ROLE = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
MISUSE_ROLE = "c0000000-0000-4000-8000-000000000012"
_BUILD = {"digest": "sha256:" + "5e" * 32}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment of a scene; what is not said is as it should be.

    ``store`` and ``registry`` name accounts that may be shared by several. ``principal`` is what
    the endpoint runs as, its own or that of the user-assigned ``identity``. ``captured`` and
    ``results`` name stores for collected and batch data.
    """

    name: str
    store: str
    registry: str = "scenes"
    principal: str = ""
    identity: str = ""
    environment: str = ""
    key_vault: str = ""
    captured: str = ""
    results: str = ""


def workspace(name: str, isolation: str = "AllowOnlyApprovedOutbound") -> Items:
    """Make a workspace."""
    return [arm(f"{_ML}/{name}", {"managedNetwork": {"isolationMode": isolation}})]


def served(part: Part) -> Items:
    """Make a workspace with an endpoint, its deployment, model, image and stores."""
    (space,) = workspace(f"{part.name}-ws")
    if part.key_vault:
        address = f"https://{part.key_vault}.vault.azure.net/keys/serving"
        key = {"keyIdentifier": address}
        space["properties"]["encryption"] = {"status": "Enabled", "keyVaultProperties": key}
    tags = {"environment": part.environment} if part.environment else {}
    endpoint = child(
        space,
        f"onlineEndpoints/{part.name}",
        {"authMode": "AADToken", "scoringUri": f"https://{part.name}.inference.ml.azure.com/score"},
        location="westeurope",
        tags=tags,
        **_identity_of(part),
    )
    models = child(space, "models/churn", {"latestVersion": "1"})
    environments = child(space, "environments/serve", {"latestVersion": "1"})
    image = f"{part.registry}.azurecr.io/serve@{_BUILD['digest']}"
    return [
        space,
        endpoint,
        _deployment(part, endpoint, models, environments),
        models,
        child(models, "versions/1", {"modelUri": _address(part, "weights")}),
        environments,
        child(environments, "versions/1", {"image": image}),
        _datastore(space, "weights", part.store, is_default=False),
        *(_captured(part, space) if part.captured else []),
        *(_batch(part, space) if part.results else []),
    ]


def identity(name: str, principal: str) -> Items:
    """Make a user-assigned identity."""
    return [arm(f"{_IDENTITIES}/{name}", {"principalId": principal})]


def store(
    name: str, *containers: str, environment: str = "", given: Iterable[tuple[str, str]] = ()
) -> Items:
    """Make a storage account with containers; ``given`` are (role, principal) on the account."""
    account = arm(
        f"Microsoft.Storage/storageAccounts/{name}",
        {"allowBlobPublicAccess": False, "allowSharedKeyAccess": False},
        tags={"Environment": environment} if environment else {},
    )
    blobs = child(account, "blobServices/default", {"isVersioningEnabled": True})
    made = [child(blobs, f"containers/{each}", {"publicAccess": "None"}) for each in containers]
    return [account, blobs, *made, *_roles_on(account, given)]


def image_registry(name: str, given: Iterable[tuple[str, str]] = ()) -> Items:
    """Make a container registry."""
    registry = arm(
        f"Microsoft.ContainerRegistry/registries/{name}",
        {"loginServer": f"{name}.azurecr.io", "publicNetworkAccess": "Disabled"},
        sku={"name": "Premium"},
    )
    return [registry, *_roles_on(registry, given)]


def vault(name: str, *, is_usable: bool) -> Items:
    """Make a key vault with one key."""
    made = arm(
        f"Microsoft.KeyVault/vaults/{name}",
        {"vaultUri": f"https://{name}.vault.azure.net/", "enableRbacAuthorization": True},
    )
    properties = {
        "keyUri": f"https://{name}.vault.azure.net/keys/serving",
        "attributes": {"enabled": is_usable},
    }
    return [made, child(made, "keys/serving", properties, location="westeurope")]


def instance(space: str, name: str, principal: str, *, is_root: bool) -> Items:
    """Make a compute instance in a workspace of the company."""
    parent = {"id": f"{group_id()}/providers/{_ML}/{space}"}
    properties = {"state": "Running", "enableRootAccess": is_root}
    return [
        child(
            parent,
            f"computes/{name}",
            {"computeType": "ComputeInstance", "properties": properties},
            location="westeurope",
            identity={"type": "SystemAssigned", "principalId": principal},
        )
    ]


def job(space: str, name: str, store_name: str) -> Items:
    """Make a training job that reads a container."""
    parent = {"id": f"{group_id()}/providers/{_ML}/{space}"}
    data = {"jobInputType": "uri_folder", "uri": f"https://{store_name}.blob.core.windows.net/data"}
    return [
        child(
            parent,
            f"jobs/{name}",
            {"jobType": "Command", "status": "Completed", "inputs": {"data": data}},
            systemData={"createdAt": "2099-01-01T00:00:00Z"},
        )
    ]


def search(name: str, store_name: str) -> Items:
    """Make a search service that takes documents from a storage account."""
    account = f"{group_id()}/providers/Microsoft.Storage/storageAccounts/{store_name}"
    link = {"privateLinkResourceId": account, "groupId": "blob", "status": "Approved"}
    properties = {"sharedPrivateLinkResources": [{"properties": link}]}
    return [arm(f"Microsoft.Search/searchServices/{name}", properties, sku={"name": "standard"})]


def account(name: str, store_name: str) -> Items:
    """Make an AI account that logs requests to a storage account."""
    made = arm(f"Microsoft.CognitiveServices/accounts/{name}", {}, kind="AIServices")
    target = f"{group_id()}/providers/Microsoft.Storage/storageAccounts/{store_name}"
    logs = [{"category": "RequestResponse", "enabled": True}]
    kept = {"storageAccountId": target, "logs": logs}
    return [made, child(made, "providers/Microsoft.Insights/diagnosticSettings/all", kept)]


def assistant(name: str, *, approval: str, search_name: str) -> Items:
    """Make an account with a project and its agent: tools of a server, and a search."""
    above = arm(
        f"Microsoft.CognitiveServices/accounts/{name}",
        {"endpoint": f"https://{name}.services.ai.azure.com/"},
        kind="AIServices",
    )
    place = project(above, f"{name}-project")
    target = {"category": "CognitiveSearch", "target": f"https://{search_name}.search.windows.net"}
    link = child(place, "connections/docs", {"authType": "AAD", **target})
    tools = [
        {"type": "mcp", "server_label": "crm", "require_approval": approval},
        {
            "type": "azure_ai_search",
            "azure_ai_search": {"indexes": [{"project_connection_id": link["id"]}]},
        },
    ]
    return [above, place, link, agent(place, f"{name}-agent", tools)]


def open_door(name: str, host: str) -> Items:
    """Make a gateway on the internet that asks nobody, in front of an endpoint or account."""
    service = arm(
        f"Microsoft.ApiManagement/service/{name}",
        {"gatewayUrl": f"https://{name}.azure-api.net", "publicNetworkAccess": "Enabled"},
        sku={"name": "StandardV2", "capacity": 1},
    )
    api = {
        "displayName": "score",
        "path": "score",
        "subscriptionRequired": False,
        "serviceUrl": f"https://{host}",
    }
    return [
        service,
        child(service, "apis/score", api),
        child(service, "policies/policy", {"value": "<policies />"}),
        child(service, "tenant/access", {"enabled": False}),
    ]


def roles() -> Items:
    """Give the role definitions that the scenes use."""
    pull = role(PULL_ROLE, "AcrPull", actions=["Microsoft.ContainerRegistry/registries/pull/read"])
    misuse = role(
        MISUSE_ROLE, "Everything about prompts", is_custom=True,
        actions=[
            "Microsoft.CognitiveServices/accounts/listKeys/action",
            "Microsoft.CognitiveServices/accounts/raiPolicies/write",
            "Microsoft.Insights/diagnosticSettings/delete",
        ],
    )  # fmt: skip
    return [*access.ROLES, pull, misuse]


def given(guid: str, principal: str, name: str) -> Items:
    """Give a role on the whole subscription to a principal."""
    return [assignment(SCOPE, guid, principal, name)]


def _identity_of(part: Part) -> dict[str, Any]:
    if part.identity:
        whole = f"{group_id()}/providers/{_IDENTITIES}/{part.identity}"
        attached = {whole: {"principalId": part.principal}}
        return {"identity": {"type": "UserAssigned", "userAssignedIdentities": attached}}
    own = {"type": "SystemAssigned", "principalId": part.principal}
    return {"identity": own} if part.principal else {}


def _roles_on(resource: dict[str, Any], given_to: Iterable[tuple[str, str]]) -> Items:
    found = []
    for at, (guid, principal) in enumerate(given_to):
        kind = "ForeignGroup" if principal == access.FOREIGN_GROUP else "ServicePrincipal"
        found.append(assignment(resource["id"], guid, principal, f"given-{at}", principalType=kind))
    return found


def _address(part: Part, datastore: str) -> str:
    place = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/nordlicht"
    return f"{place}/workspaces/{part.name}-ws/datastores/{datastore}/paths/churn"


def _datastore(space: dict[str, Any], name: str, account_name: str, *, is_default: bool) -> Any:
    return child(
        space,
        f"datastores/{name}",
        {
            "datastoreType": "AzureBlob",
            "accountName": account_name,
            "containerName": "weights" if name == "weights" else "data",
            "isDefault": is_default,
            "credentials": {"credentialsType": "None"},
        },
    )


def _deployment(
    part: Part, endpoint: dict[str, Any], models: dict[str, Any], environments: dict[str, Any]
) -> dict[str, Any]:
    space = endpoint["id"].rpartition("/onlineEndpoints/")[0]
    inputs = {"dataCollectionMode": "Enabled", "dataId": f"{space}/data/inputs/versions/1"}
    collector = {"dataCollector": {"collections": {"inputs": inputs}}} if part.captured else {}
    return child(
        endpoint,
        "deployments/blue",
        {
            "endpointComputeType": "Managed",
            "egressPublicNetworkAccess": "Disabled",
            "model": f"{models['id']}/versions/1",
            "environmentId": f"{environments['id']}/versions/1",
            **collector,
        },
        location="westeurope",
        sku={"capacity": 2},
    )


def _captured(part: Part, space: dict[str, Any]) -> Items:
    data = child(space, "data/inputs", {"latestVersion": "1"})
    address = f"https://{part.captured}.blob.core.windows.net/data/inputs"
    return [data, child(data, "versions/1", {"dataUri": address, "dataType": "uri_folder"})]


def _batch(part: Part, space: dict[str, Any]) -> Items:
    endpoint = child(
        space, f"batchEndpoints/{part.name}-batch", {"authMode": "AADToken"}, location="westeurope"
    )
    return [endpoint, _datastore(space, "results", part.results, is_default=True)]
