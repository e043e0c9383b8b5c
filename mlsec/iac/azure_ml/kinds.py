"""Which entity a file of the Azure Machine Learning CLI describes, by its schema or its form."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex

ONLINE_ENDPOINT, ONLINE_DEPLOYMENT = "onlineEndpoint", "onlineDeployment"
BATCH_ENDPOINT, BATCH_DEPLOYMENT = "batchEndpoint", "batchDeployment"
JOB, COMPONENT, ENVIRONMENT, MODEL, DATA = "job", "component", "environment", "model", "data"
COMPUTE, DATASTORE, CONNECTION, SCHEDULE = "compute", "datastore", "connection", "schedule"
WORKSPACE, REGISTRY, SERVERLESS = "workspace", "registry", "serverlessEndpoint"

# The name of a schema, in lower case and without its ending.
_SCHEMAS: Mapping[str, str] = {
    **dict.fromkeys(("managedonlineendpoint", "kubernetesonlineendpoint", "onlineendpoint"),
                    ONLINE_ENDPOINT),
    **dict.fromkeys(("managedonlinedeployment", "kubernetesonlinedeployment", "onlinedeployment"),
                    ONLINE_DEPLOYMENT),
    "batchendpoint": BATCH_ENDPOINT,
    **dict.fromkeys(("batchdeployment", "modelbatchdeployment", "pipelinecomponentbatchdeployment"),
                    BATCH_DEPLOYMENT),
    **dict.fromkeys(("commandjob", "sweepjob", "pipelinejob", "sparkjob", "paralleljob",
                     "automljob", "importjob", "datatransferjob", "finetuningjob"), JOB),
    **dict.fromkeys(("commandcomponent", "pipelinecomponent", "sparkcomponent",
                     "parallelcomponent"), COMPONENT),
    "environment": ENVIRONMENT, "model": MODEL, "data": DATA,
    **dict.fromkeys(("amlcompute", "computeinstance", "vmcompute", "kubernetescompute",
                     "synapsesparkcompute", "compute"), COMPUTE),
    **dict.fromkeys(("azureblob", "azurefile", "azuredatalakegen1", "azuredatalakegen2",
                     "onelake"), DATASTORE),
    **dict.fromkeys(("connection", "workspaceconnection", "azureopenaiconnection"), CONNECTION),
    "schedule": SCHEDULE, "monitoringschedule": SCHEDULE,
    **dict.fromkeys(("workspace", "hub", "project", "featurestore"), WORKSPACE),
    "registry": REGISTRY, "serverlessendpoint": SERVERLESS,
}  # fmt: skip
_COMPUTES = frozenset({"amlcompute", "computeinstance", "virtualmachine", "synapsespark"})
_STORES = frozenset({
    "azure_blob", "azure_file", "azure_data_lake_gen1", "azure_data_lake_gen2", "one_lake",
})  # fmt: skip
_CREDENTIALS = frozenset({
    "pat", "username_password", "managed_identity", "sas", "api_key", "account_key", "access_key",
    "service_principal", "none", "aad",
})  # fmt: skip
_KEY_MODES = frozenset({"key", "aml_token", "aad_token"})

_SCHEMA = regex(r"(?m)^[\"']?\$schema[\"']?\s*:\s*[\"']?https?://azureml")
# Lines that stand together in a file without a schema; only then it is parsed to see.
_FORMS = tuple(
    tuple(regex(rf"(?m)^{line}") for line in lines)
    for lines in (
        (r"endpoint_name:", r"(?:instance_type|code_configuration|model|environment|compute):"),
        (r"auth_mode:[^\S\n]*+(?:key|aml_token|aad_token)\b", r"name:"),
        (r"type:[^\S\n]*+(?:amlcompute|computeinstance|azure_(?:blob|file|data_lake_gen[12]))\b",),
        (r"credentials:", r"target:", r"type:"),
        (r"create_(?:monitor|job):", r"trigger:"),
        (r"conda_file:", r"image:"),
        (r"command:", r"(?:compute|environment):[^\S\n]*+azureml:"),
        (r"type:[^\S\n]*+pipeline\b", r"jobs:"),
    )
)


def may_be_entity(text: str) -> bool:
    """Whether a YAML text has the words of a file of the CLI."""
    if "azureml" in text and _SCHEMA.search(text):
        return True
    return any(all(line.search(text) for line in lines) for lines in _FORMS)


def kind_of(root: Node) -> str:
    """Name the entity that a document describes; "" for one that is not the CLI's."""
    schema = root.text("$schema")
    if "azureml" in schema:
        name = schema.strip().rpartition("/")[2].removesuffix(".json").removesuffix(".schema")
        # What nothing reads is counted under its own name.
        return _SCHEMAS.get(name.lower(), name)
    return "" if schema else _by_form(root)


def _by_form(root: Node) -> str:
    """Recognise a document without a schema, where no other tool writes it in this form."""
    keys, kind = root.pairs(), root.text("type").lower()
    if "endpoint_name" in keys and ({"model", "environment", "code_configuration"} & keys.keys()):
        is_batch = "compute" in keys or kind in ("model", "pipeline")
        return BATCH_DEPLOYMENT if is_batch else ONLINE_DEPLOYMENT
    if "name" in keys and root.text("auth_mode").lower() in _KEY_MODES:
        return BATCH_ENDPOINT if "defaults" in keys else ONLINE_ENDPOINT
    if "name" in keys and kind in _COMPUTES:
        return COMPUTE
    if "account_name" in keys and kind in _STORES:
        return DATASTORE
    if "target" in keys and root.text("credentials", "type").lower() in _CREDENTIALS and kind:
        return CONNECTION
    if {"trigger", "name"} <= keys.keys() and ({"create_monitor", "create_job"} & keys.keys()):
        return SCHEDULE
    if "conda_file" in keys and "image" in keys:
        return ENVIRONMENT
    uses = root.text("compute").startswith("azureml:") or root.text("environment").startswith(
        "azureml:"
    )
    if "command" in keys and "environment" in keys and uses:
        return COMPONENT if kind == "command" and "version" in keys else JOB
    return JOB if kind == "pipeline" and root.pairs("jobs") else ""
