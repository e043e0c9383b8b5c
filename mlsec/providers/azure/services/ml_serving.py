"""Azure Machine Learning: endpoints, deployments, and the models and environments they name."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS
from mlsec.providers.azure.services.ml import VERSION, below_workspace

_RIGHT = "Microsoft.MachineLearningServices/workspaces/"
_ROWS = "microsoft.machinelearningservices/workspaces/"
# Variables of a container: tokens for model hubs and clouds end up here.
_VARIABLES = ("value[].properties.environmentVariables.*",)


def _below(
    name: str, kind: str, right: str, redact: tuple[str, ...] = (), graph: str = ""
) -> ArmRead:
    return ArmRead(
        service="machinelearning",
        name=name,
        action=f"{_RIGHT}{right}/read",
        path=f"{{id}}/{kind}",
        params={"id": "$parent.id"},
        version=VERSION,
        items="value",
        redact=redact,
        graph=graph,
    )


ONLINE_ENDPOINTS = below_workspace(
    "OnlineEndpoints_List", "onlineEndpoints", ("keys",), graph="onlineendpoints"
)
ONLINE_DEPLOYMENTS = _below(
    "OnlineDeployments_List",
    "deployments",
    "onlineEndpoints/deployments",
    _VARIABLES,
    f"{_ROWS}onlineendpoints/deployments",
)
BATCH_ENDPOINTS = below_workspace(
    "BatchEndpoints_List", "batchEndpoints", ("keys",), graph="batchendpoints"
)
BATCH_DEPLOYMENTS = _below(
    "BatchDeployments_List",
    "deployments",
    "batchEndpoints/deployments",
    _VARIABLES,
    f"{_ROWS}batchendpoints/deployments",
)
SERVERLESS = below_workspace(
    "ServerlessEndpoints_List",
    "serverlessEndpoints",
    ("inferenceEndpoint.headers.*",),
    graph="serverlessendpoints",
)
DATASTORES = below_workspace("Datastores_List", "datastores", ("credentials.secrets",))
MODELS = below_workspace("ModelContainers_List", "models", listViewType="All")
MODEL_VERSIONS = _below("ModelVersions_List", "versions", "models/versions")
DATA = below_workspace("DataContainers_List", "data", listViewType="All")
DATA_VERSIONS = _below("DataVersions_List", "versions", "data/versions")
ENVIRONMENTS = below_workspace("EnvironmentContainers_List", "environments", listViewType="All")
ENVIRONMENT_VERSIONS = _below(
    "EnvironmentVersions_List",
    "versions",
    "environments/versions",
    # An index address with a password in it is a common way to install private packages.
    ("value[].properties.condaFile",),
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.ml.online_endpoint",
        parent="azure.ml.workspace",
        listing=ONLINE_ENDPOINTS,
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(
        type="azure.ml.online_deployment",
        parent="azure.ml.online_endpoint",
        listing=ONLINE_DEPLOYMENTS,
    ),
    TypePlan(type="azure.ml.batch_endpoint", parent="azure.ml.workspace", listing=BATCH_ENDPOINTS),
    TypePlan(
        type="azure.ml.batch_deployment",
        parent="azure.ml.batch_endpoint",
        listing=BATCH_DEPLOYMENTS,
    ),
    TypePlan(type="azure.ml.serverless_endpoint", parent="azure.ml.workspace", listing=SERVERLESS),
    TypePlan(type="azure.ml.datastore", parent="azure.ml.workspace", listing=DATASTORES),
    # Names are listed; versions only below the names that something runs.
    TypePlan(
        type="azure.ml.model_container",
        parent="azure.ml.workspace",
        listing=MODELS,
        is_referred=True,
    ),
    TypePlan(
        type="azure.ml.model",
        parent="azure.ml.model_container",
        listing=MODEL_VERSIONS,
        is_referred=True,
    ),
    TypePlan(
        type="azure.ml.environment_container",
        parent="azure.ml.workspace",
        listing=ENVIRONMENTS,
        is_referred=True,
    ),
    TypePlan(
        type="azure.ml.environment",
        parent="azure.ml.environment_container",
        listing=ENVIRONMENT_VERSIONS,
        is_referred=True,
    ),
    TypePlan(
        type="azure.ml.data_container",
        parent="azure.ml.workspace",
        listing=DATA,
        is_referred=True,
    ),
    TypePlan(
        type="azure.ml.data",
        parent="azure.ml.data_container",
        listing=DATA_VERSIONS,
        is_referred=True,
    ),
)
