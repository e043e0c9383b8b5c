"""Which roles, hosts, groups and balancers belong to applications that call models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.model_calls import reach_of_role
from mlsec.providers.aws.facts.role_trust import trusts_services

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# What runs programs of the account; people, pipelines and other accounts are not meant.
_COMPUTE = frozenset({
    "ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com",
    "pods.eks.amazonaws.com", "apprunner.amazonaws.com", "tasks.apprunner.amazonaws.com",
})  # fmt: skip


def is_known_model_client(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether programs run as this role and may call models."""
    services = trusts_services(resource, graph)
    if isinstance(services, Unknown):
        runs = unknown(services.gaps)
    else:
        runs = NO if _COMPUTE.isdisjoint(services.value) else YES
    return _shown(all_of((runs, _calls_models(resource, resource.region, graph))), resource, graph)


def host_is_known_model_client(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the host runs as a role that may call models."""
    return _shown(_is_client(resource, graph), resource, graph)


def group_has_known_model_client(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether such a host is behind the security group."""
    return _shown(_has_client(resource, graph), resource, graph)


def is_in_known_ml_network(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether models run, or are called from, where the security group is."""
    near = any_of((flag(resource, "holds_ml"), _has_client(resource, graph)))
    if near != YES:
        networks = graph.targets(resource, "vpc")
        near = any_of((near, _some(networks, lambda network: _runs_either(network, graph))))
    return _shown(near, resource, graph)


def leads_to_known_model_client(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a load balancer leads to a host or task that may call models."""

    def leads(group: Resource) -> Answer:
        tasks = _some(
            graph.targets(group, "services"),
            lambda service: _some(
                graph.targets(service, "task_definition"), lambda task: _is_client(task, graph)
            ),
        )
        return any_of((_has_client(group, graph), tasks))

    return _shown(_some(graph.targets(resource, "target_groups"), leads), resource, graph)


def _shown(answer: Answer, resource: Resource, graph: Graph) -> Known | Unknown:
    """Turn an answer into a fact; code has what it shows, and who uses it elsewhere it cannot."""
    if answer.truth is Truth.UNKNOWN and resource.stands_in_code:
        return Known(value=False)
    return verdict(answer, resource, graph)


def _some(targets: Targets, ask: Callable[[Resource], Answer]) -> Answer:
    """Whether one of the targets is so; unknown where some were not seen and none is."""
    hidden = [unknown(targets.gaps)] if targets.gaps else []
    return any_of([*(ask(target) for target in targets.resources), *hidden])


def _runs_either(network: Resource, graph: Graph) -> Answer:
    """Whether a subnet of a network runs models, or a host that may call them."""

    def runs(subnet: Resource) -> Answer:
        return any_of((flag(subnet, "holds_ml"), _has_client(subnet, graph)))

    return graph.memo(
        ("aws network of models", network.id),
        lambda: _some(graph.targets(network, "subnets"), runs),
    )


def _has_client(place: Resource, graph: Graph) -> Answer:
    return _some(graph.targets(place, "instances"), lambda host: _is_client(host, graph))


def _is_client(server: Resource, graph: Graph) -> Answer:
    roles = graph.targets(server, "role")
    return _some(roles, lambda role: _calls_models(role, server.region, graph))


def _calls_models(role: Resource, region: str, graph: Graph) -> Answer:
    reach = reach_of_role(role, graph, region)
    if reach.calls:
        return YES
    return unknown(reach.gaps) if reach.gaps else NO


CLIENTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "clients.is_known_model_client": is_known_model_client,
    "clients.host_is_known_model_client": host_is_known_model_client,
    "clients.group_has_known_model_client": group_has_known_model_client,
    "clients.leads_to_known_model_client": leads_to_known_model_client,
    "clients.is_in_known_ml_network": is_in_known_ml_network,
}
