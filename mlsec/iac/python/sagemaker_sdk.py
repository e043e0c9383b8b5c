"""The SageMaker SDK: what its estimators, models and processors make when they are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult
from mlsec.iac.python.boto3_calls import KIND
from mlsec.iac.python.deployment import Deployment, mapping_at

_METHODS = (".fit", ".deploy", ".run")
_ESTIMATORS = frozenset({
    "Estimator", "PyTorch", "TensorFlow", "HuggingFace", "SKLearn", "XGBoost", "MXNet", "Chainer",
    "RLEstimator", "JumpStartEstimator", "AlgorithmEstimator", "KMeans", "PCA", "LinearLearner",
    "FactorizationMachines", "NTM", "LDA", "KNN", "RandomCutForest", "Object2Vec", "IPInsights",
})  # fmt: skip
# Local mode: the SDK runs it in a container of the machine that calls, and makes nothing.
_LOCAL_TYPES = ("local", "local_gpu")
_LOCAL_SESSIONS = ("LocalSession", "LocalPipelineSession")
# JumpStart takes some settings from the model that is deployed.
_BY_MODEL = "the settings of the JumpStart model decide it"


def may_run(name: str) -> bool:
    """Whether a call of this name may run something of the SDK."""
    return name.startswith("sagemaker.") and name.endswith(_METHODS) and name.count("()") == 1


def made_by_sagemaker(calls: Iterable[Call]) -> Iterator[Deployment]:
    """Give what the calls of a file make in SageMaker."""
    seen: dict[str, int] = {}
    for call in calls:
        made = call.on
        if made is None or not may_run(call.name) or _is_local(call, made):
            continue
        name = (made.assigned or call.assigned).replace("self.", "") or "endpoint"
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name}-{seen[name]}"
        kind = made.name.rpartition(".")[2]
        method = call.name.rpartition(".")[2]
        is_model = kind.endswith("Model") or kind == "ModelPackage"
        if method == "deploy" and (is_model or kind in _ESTIMATORS):
            yield from _deployed(call, made, name)
        elif method == "fit" and kind in _ESTIMATORS:
            yield _made("sagemaker.create_training_job", _training(made), call, name)
        elif method == "run" and kind.endswith("Processor"):
            yield _made("sagemaker.create_processing_job", _processing(made), call, name)


def _is_local(call: Call, made: Call) -> bool:
    session = made.argument("sagemaker_session")
    of_session = session.value if session is not None else None
    if isinstance(of_session, CallResult) and not of_session.path:
        name = of_session.call.name.rpartition(".")[2]
        if name in _LOCAL_SESSIONS:
            return True
    typed = call if call.name.endswith(".deploy") else made
    return any(node.value in _LOCAL_TYPES for node in _arguments(typed))


def _arguments(call: Call) -> Iterator[Node]:
    nodes = (*call.args, *call.kwargs.values())
    return (node for node in nodes if isinstance(node.value, str))


def _made(type_: str, body: Node, call: Call, given: str) -> Deployment:
    return Deployment(kind=KIND, type=type_, body=body, call=call, given=given)


def _deployed(call: Call, made: Call, given: str) -> Iterator[Deployment]:
    name = _given(call, "endpoint_name") or Node(given, call.line, call.column)
    model = _given(made, "name") or Node(given, made.line, made.column)
    yield _made("sagemaker.create_model", _model(made, model), call, given)
    variant = mapping_at(
        call,
        {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": call.argument("initial_instance_count", 0),
            "InstanceType": call.argument("instance_type", 1),
            "ServerlessConfig": _given(call, "serverless_inference_config"),
        },
    )
    config = {
        "EndpointConfigName": name,
        "ProductionVariants": Node((variant,), call.line, call.column),
        "KmsKeyId": call.argument("kms_key"),
        "DataCaptureConfig": _capture(call.argument("data_capture_config")),
        "AsyncInferenceConfig": _given(call, "async_inference_config"),
    }
    yield _made("sagemaker.create_endpoint_config", mapping_at(call, config), call, given)
    endpoint = mapping_at(call, {"EndpointName": name, "EndpointConfigName": name})
    yield _made("sagemaker.create_endpoint", endpoint, call, given)


def _given(call: Call, name: str) -> Node | None:
    node = call.argument(name)
    return node if node is not None and node.value is not None else None


def _model(made: Call, name: Node) -> Node:
    is_jumpstart = "jumpstart" in made.name.lower()
    isolation = made.argument("enable_network_isolation")
    if isolation is None and is_jumpstart:
        isolation = Node(UnknownValue(_BY_MODEL), made.line, made.column)
    container = mapping_at(made, {
        "Image": made.argument("image_uri") or made.argument("image"),
        "ModelDataUrl": made.argument("model_data"),
        "Environment": made.argument("env"),
    })  # fmt: skip
    return mapping_at(made, {
        "ModelName": name,
        "ExecutionRoleArn": made.argument("role"),
        "PrimaryContainer": container,
        "VpcConfig": made.argument("vpc_config") or _network(made),
        "EnableNetworkIsolation": isolation,
    })  # fmt: skip


def _network(made: Call) -> Node | None:
    subnets = _given(made, "subnets")
    if subnets is None:
        return None
    groups = made.argument("security_group_ids")
    return mapping_at(made, {"Subnets": subnets, "SecurityGroupIds": groups})


def _training(made: Call) -> Node:
    resources = {
        "InstanceType": made.argument("instance_type") or made.argument("train_instance_type"),
        "InstanceCount": made.argument("instance_count") or made.argument("train_instance_count"),
        "VolumeKmsKeyId": made.argument("volume_kms_key"),
        "KeepAlivePeriodInSeconds": made.argument("keep_alive_period_in_seconds"),
    }
    output = {
        "S3OutputPath": made.argument("output_path"),
        "KmsKeyId": made.argument("output_kms_key"),
    }
    return mapping_at(made, {
        "TrainingJobName": made.argument("base_job_name"),
        "RoleArn": made.argument("role"),
        "AlgorithmSpecification": mapping_at(made, {"TrainingImage": made.argument("image_uri")}),
        "ResourceConfig": mapping_at(made, resources),
        "OutputDataConfig": mapping_at(made, output),
        "VpcConfig": _network(made),
        "EnableNetworkIsolation": _or_by_model(made, "enable_network_isolation"),
        "EnableInterContainerTrafficEncryption":
            _or_by_model(made, "encrypt_inter_container_traffic"),
        "Environment": made.argument("environment"),
        "HyperParameters": made.argument("hyperparameters"),
        "StoppingCondition": mapping_at(made, {"MaxRuntimeInSeconds": made.argument("max_run")}),
    })  # fmt: skip


def _or_by_model(made: Call, name: str) -> Node | None:
    node = made.argument(name)
    if node is None and "jumpstart" in made.name.lower():
        return Node(UnknownValue(_BY_MODEL), made.line, made.column)
    return node


def _processing(made: Call) -> Node:
    cluster = {
        "InstanceType": made.argument("instance_type"),
        "InstanceCount": made.argument("instance_count"),
        "VolumeKmsKeyId": made.argument("volume_kms_key"),
    }
    resources = mapping_at(made, {"ClusterConfig": mapping_at(made, cluster)})
    return mapping_at(made, {
        "ProcessingJobName": made.argument("base_job_name"),
        "RoleArn": made.argument("role"),
        "AppSpecification": mapping_at(made, {"ImageUri": made.argument("image_uri")}),
        "ProcessingResources": resources,
        "ProcessingOutputConfig": mapping_at(made, {"KmsKeyId": made.argument("output_kms_key")}),
        "NetworkConfig": _network_config(made.argument("network_config")),
        "Environment": made.argument("env"),
    })  # fmt: skip


def _network_config(node: Node | None) -> Node | None:
    call = _call_of(node, "NetworkConfig")
    if call is None:
        return node
    return mapping_at(call, {
        "EnableNetworkIsolation": call.argument("enable_network_isolation", 0),
        "EnableInterContainerTrafficEncryption": call.argument("encrypt_inter_container_traffic"),
        "VpcConfig": _network(call),
    })  # fmt: skip


def _capture(node: Node | None) -> Node | None:
    call = _call_of(node, "DataCaptureConfig")
    if call is None:
        return node
    return mapping_at(call, {
        "EnableCapture": call.argument("enable_capture", 0),
        "InitialSamplingPercentage": call.argument("sampling_percentage") or _number(call, 20),
        "DestinationS3Uri": call.argument("destination_s3_uri"),
        "KmsKeyId": call.argument("kms_key_id"),
    })  # fmt: skip


def _number(call: Call, value: int) -> Node:
    return Node(value, call.line, call.column)


def _call_of(node: Node | None, name: str) -> Call | None:
    value: Any = node.value if node is not None else None
    is_made = isinstance(value, CallResult) and not value.path and value.call.name.endswith(name)
    return value.call if is_made else None
