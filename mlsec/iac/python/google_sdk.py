"""The SDK of Vertex AI: endpoints, what is deployed to them, and jobs that train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult
from mlsec.iac.python.deployment import Deployment, given_name_of, mapping_at

KIND = "aiplatform"
_PREFIXES = ("google.cloud.aiplatform.", "vertexai.")
_CREATES = (".Endpoint.create", ".PrivateEndpoint.create")
_JOBS = ("CustomJob", "CustomTrainingJob", "CustomContainerTrainingJob",
         "CustomPythonPackageTrainingJob")  # fmt: skip
_ELSEWHERE = "what is deployed to it stands in other code"


def may_use_vertex(name: str) -> bool:
    """Whether a call of this name may make something in Vertex AI, or say how all is made."""
    if not name.startswith(_PREFIXES):
        return False
    return name.endswith((*_CREATES, ".deploy", ".run", ".submit", "aiplatform.init"))


def made_by_vertex(calls: Sequence[Call]) -> Iterator[Deployment]:
    """Give the endpoints and jobs that the calls of a file make."""
    mine = [call for call in calls if may_use_vertex(call.name)]
    common = next((call for call in mine if call.name.endswith("aiplatform.init")), None)
    deploys = [call for call in mine if call.name.endswith(".deploy")]
    placed: set[tuple[int, int]] = set()
    for call in mine:
        if call.name.endswith(_CREATES):
            here = [item for item in deploys if _endpoint_of(item) == (call.line, call.column)]
            placed.update((item.line, item.column) for item in here)
            yield _made("Endpoint", _endpoint(call, here, common), call, "endpoint")
    for call in deploys:
        if (call.line, call.column) not in placed and call.kwargs.get("endpoint") is None:
            is_model = call.on is not None and ".Model" in call.on.name
            if is_model:  # a model that is given no endpoint makes its own
                yield _made("Endpoint", _endpoint(call, [call], common), call, "endpoint")
    for call in mine:
        job = call.on
        if job is not None and job.name.rpartition(".")[2] in _JOBS:
            yield _made("CustomJob", _job(call, job, common), call, "job")


def _made(type_: str, body: Node, call: Call, fallback: str) -> Deployment:
    name = given_name_of(call, call.on.assigned if call.on is not None else "") or fallback
    return Deployment(kind=KIND, type=type_, body=body, call=call, given=name)


def _endpoint_of(call: Call) -> tuple[int, int] | None:
    """Give where the endpoint is made to which a call deploys; None where it is not in the file."""
    on = call.on
    if on is not None and on.name.endswith(_CREATES):
        return on.line, on.column
    node = call.argument("endpoint", 0)
    value = node.value if node is not None else None
    return (value.call.line, value.call.column) if isinstance(value, CallResult) else None


def _endpoint(call: Call, deploys: Sequence[Call], common: Call | None) -> Node:
    models = tuple(map(_deployed, deploys))
    is_open = Node(UnknownValue(_ELSEWHERE), call.line, call.column)
    logging = {
        "enabled": call.argument("enable_request_response_logging"),
        "samplingRate": call.argument("request_response_logging_sampling_rate"),
    }
    name = call.argument("display_name") or call.argument("deployed_model_display_name")
    return mapping_at(call, {
        "displayName": name,
        "labels": call.argument("labels"),
        "encryptionSpec": _key(call, "encryption_spec_key_name", common),
        "network": call.argument("network") or _common(common, "network"),
        "dedicatedEndpointEnabled": call.argument("dedicated_endpoint_enabled"),
        "predictRequestResponseLoggingConfig": mapping_at(call, logging),
        "deployedModels": Node(models, call.line, call.column) if models else is_open,
    })  # fmt: skip


def _deployed(call: Call) -> Node:
    resources = {"minReplicaCount": call.argument("min_replica_count") or Node(1)}
    return mapping_at(call, {
        "id": "1",
        "serviceAccount": call.argument("service_account"),
        "enableAccessLogging": call.argument("enable_access_logging"),
        "disableContainerLogging": call.argument("disable_container_logging"),
        "dedicatedResources": mapping_at(call, {**resources, "spot": call.argument("spot")}),
        "model": Node(UnknownValue("the registry names the model when it runs")),
    })  # fmt: skip


def _job(call: Call, job: Call, common: Call | None) -> Node:
    spec = {
        "serviceAccount": call.argument("service_account") or _common(common, "service_account"),
        "network": call.argument("network") or _common(common, "network"),
        "enableWebAccess": call.argument("enable_web_access"),
        "enableDashboardAccess": call.argument("enable_dashboard_access"),
        "workerPoolSpecs": _pools(job),
    }
    own = "encryption_spec_key_name"
    training = "training_encryption_spec_key_name"
    return mapping_at(call, {
        "displayName": job.argument("display_name", 0),
        "labels": job.argument("labels"),
        "encryptionSpec": _key(job, own if job.argument(own) else training, common),
        "jobSpec": mapping_at(call, spec),
    })  # fmt: skip


def _pools(job: Call) -> Node:
    image = job.argument("container_uri") or job.argument("python_package_gcs_uri")
    if job.argument("container_uri") is None:
        given = job.argument("worker_pool_specs")
        why = "its containers are put together when it runs"
        return given or Node(image.value if image and isinstance(image.value, UnknownValue)
                             else UnknownValue(why), job.line, job.column)  # fmt: skip
    pool = mapping_at(job, {"containerSpec": mapping_at(job, {"imageUri": image})})
    return Node((pool,), job.line, job.column)


def _key(call: Call, name: str, common: Call | None) -> Node | None:
    node = call.argument(name) or _common(common, "encryption_spec_key_name")
    is_none = node is None or node.value is None
    return None if is_none else mapping_at(call, {"kmsKeyName": node})


def _common(common: Call | None, name: str) -> Node | None:
    """Give what aiplatform.init sets for all that is made after it."""
    return common.argument(name) if common is not None else None
