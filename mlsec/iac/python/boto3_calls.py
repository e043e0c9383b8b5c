"""Calls of boto3 that make something: their arguments are the body of what is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlsec.collect.located.located import Node
from mlsec.collect.python.call import Call
from mlsec.iac.python.deployment import Deployment, given_name_of, mapping_at
from mlsec.vocabulary.iac_mapping import DeclaredType

KIND = "boto3"
# Clients that a session of SageMaker keeps ready.
_READY = {
    "sagemaker_client": "sagemaker", "sm_client": "sagemaker", "boto_region_name": "",
}  # fmt: skip
# Arguments that only a call of this one operation has: whoever gave the client, it is the call.
_TELLING = {
    "create_endpoint_config": ("EndpointConfigName", "ProductionVariants"),
    "create_training_job": ("TrainingJobName", "AlgorithmSpecification"),
    "create_notebook_instance": ("NotebookInstanceName", "RoleArn"),
    "create_knowledge_base": ("knowledgeBaseConfiguration", "roleArn"),
    "create_guardrail": ("blockedInputMessaging", "blockedOutputsMessaging"),
    "create_agent": ("agentName", "agentResourceRoleArn"),
    "create_model": ("ModelName", "ExecutionRoleArn"),
    "create_role": ("RoleName", "AssumeRolePolicyDocument"),
    "put_role_policy": ("RoleName", "PolicyDocument"),
    "attach_role_policy": ("RoleName", "PolicyArn"),
    "create_policy": ("PolicyName", "PolicyDocument"),
}

Tables = Mapping[str, tuple[DeclaredType, ...]]


def may_make(name: str, operations: frozenset[str]) -> bool:
    """Whether a call of this name may be one of the operations of a table."""
    return name.rpartition(".")[2] in operations


def operations_of(tables: Tables) -> frozenset[str]:
    """Name the operations that a table has, without their services."""
    return frozenset(name.partition(".")[2] for name in tables)


def made_by_boto3(calls: Iterable[Call], tables: Tables) -> Iterator[Deployment]:
    """Give what the calls of a file make."""
    for call in calls:
        service = _service(call, tables)
        operation = call.name.rpartition(".")[2]
        if service and f"{service}.{operation}" in tables:
            body = mapping_at(call, dict(call.kwargs))
            name = given_name_of(call, operation.partition("_")[2].replace("_", "-"))
            yield Deployment(
                kind=KIND, type=f"{service}.{operation}", body=body, call=call, given=name
            )


def _service(call: Call, tables: Tables) -> str:
    """Name the service whose client is called, "" where that is not known."""
    on, operation = call.on, call.name.rpartition(".")[2]
    if on is not None and on.name.endswith(".client") and "boto" in _root(on):
        node = on.argument("service_name", 0)
        return node.value if node is not None and isinstance(node.value, str) else ""
    before = call.name.rpartition(".")[0].rpartition(".")[2]
    if before in _READY:
        return _READY[before]
    telling = _TELLING.get(operation)
    is_clear = telling is not None and all(name in call.kwargs for name in telling)
    if is_clear and (call.name.startswith("?") or on is None):
        services = [name.partition(".")[0] for name in tables if name.endswith(f".{operation}")]
        return services[0] if len(services) == 1 else ""
    return ""


def _root(call: Call) -> str:
    return f"{call.name} {call.on.name if call.on is not None else ''}"


def answered(node: Node) -> str:
    """Give the path in a call's answer that a value is taken from: ``Role.Arn``."""
    path = str(getattr(node.value, "path", ""))
    return path.replace('"]["', ".").replace('["', ".").replace('"]', "").strip(".")
