"""Azure Machine Learning: workspaces, their network, connections and computes, and registries."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

VERSION = "2025-12-01"
# The stable version leaves out whether a compute instance allows root.
COMPUTE_VERSION = "2025-10-01-preview"
_RIGHT = "Microsoft.MachineLearningServices/"
_ROOT = "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/"

WORKSPACES = ArmRead(
    service="machinelearning",
    name="Workspaces_ListBySubscription",
    action=f"{_RIGHT}workspaces/read",
    path=f"{_ROOT}workspaces",
    version=VERSION,
    items="value",
    graph="microsoft.machinelearningservices/workspaces",
)
REGISTRIES = ArmRead(
    service="machinelearning",
    name="Registries_ListBySubscription",
    action=f"{_RIGHT}registries/read",
    path=f"{_ROOT}registries",
    version=VERSION,
    items="value",
    graph="microsoft.machinelearningservices/registries",
)


def below_workspace(
    name: str,
    kind: str,
    redact: tuple[str, ...] = (),
    version: str = VERSION,
    graph: str = "",
    **query: str,
) -> ArmRead:
    """Give the read that lists one kind of child of a workspace; ``redact`` is within a child.

    ``graph`` is "" unless children of this kind are resources with a location of their own.
    """
    return ArmRead(
        service="machinelearning",
        name=name,
        action=f"{_RIGHT}workspaces/{kind}/read",
        path=f"{{id}}/{kind}",
        params={"id": "$parent.id", **query},
        version=version,
        items="value",
        redact=tuple(f"value[].properties.{path}" for path in redact),
        graph=f"microsoft.machinelearningservices/workspaces/{graph}" if graph else "",
    )


OUTBOUND_RULES = below_workspace("ManagedNetworkSettingsRule_List", "outboundRules")
CONNECTIONS = below_workspace(
    "WorkspaceConnections_List", "connections", ("credentials", "metadata.*")
)
_SECRETS = (
    "properties.setupScripts.scripts.startupScript.scriptData",
    "properties.setupScripts.scripts.startupScript.scriptArguments",
    "properties.setupScripts.scripts.creationScript.scriptData",
    "properties.setupScripts.scripts.creationScript.scriptArguments",
    "properties.customServices[].environmentVariables.*.value",
    # What an attached machine or cluster is reached with; Azure says null, but may not always.
    "properties.userAccountCredentials.adminUserPassword",
    "properties.administratorAccount.password",
    "properties.administratorAccount.privateKeyData",
    "properties.databricksAccessToken",
    "properties.relayConnectionString",
    "properties.serviceBusConnectionString",
    "properties.sslConfiguration.key",
)
COMPUTES = below_workspace("Compute_List", "computes", _SECRETS, COMPUTE_VERSION)
# The list may leave out the properties of a compute; it is then read individually.
COMPUTE = ArmRead(
    service="machinelearning",
    name="Compute_Get",
    action=f"{_RIGHT}workspaces/computes/read",
    path="{id}",
    params={"id": "$.id"},
    version=COMPUTE_VERSION,
    redact=tuple(f"properties.{path}" for path in _SECRETS),
    only_if={"$.properties.properties": (None,)},
)
_KIND = "properties.computeType"
_OURS = ("ComputeInstance", "AmlCompute")

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.ml.workspace",
        listing=WORKSPACES,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(
        type="azure.ml.registry",
        listing=REGISTRIES,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(type="azure.ml.outbound_rule", parent="azure.ml.workspace", listing=OUTBOUND_RULES),
    TypePlan(type="azure.ai.connection", parent="azure.ml.workspace", listing=CONNECTIONS),
    TypePlan(
        type="azure.ml.compute_instance",
        parent="azure.ml.workspace",
        listing=COMPUTES,
        only={_KIND: ("ComputeInstance",)},
        reads=(COMPUTE,),
    ),
    TypePlan(
        type="azure.ml.compute_cluster",
        parent="azure.ml.workspace",
        listing=COMPUTES,
        only={_KIND: ("AmlCompute",)},
        reads=(COMPUTE,),
    ),
    TypePlan(
        type="azure.ml.attached_compute",
        parent="azure.ml.workspace",
        listing=COMPUTES,
        but={_KIND: _OURS},
    ),
)
