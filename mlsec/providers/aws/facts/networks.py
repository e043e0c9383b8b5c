"""Networks: which subnets lead to the internet, and where models are trained or served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, field_values, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.vocabulary.types import Type

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# What runs models, by concept. Hosts and container services are asked one by one, and functions
# not at all, as most of them have nothing to do with models.
_ML_CONCEPTS = frozenset(("model", "notebook", "workspace", "training_job", "endpoint", "cluster"))


def subnet_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the subnet's route table has an active default route to an internet gateway.

    Without a table of its own the main table of its VPC counts.
    """
    own = graph.targets(resource, "route_tables")
    if own.resources:
        return verdict(_leads_out(own.resources, ()), resource, graph)
    if own.gaps:
        return Unknown(own.gaps)
    vpc = property_value(resource, "vpc_id")
    mains = tuple(
        table
        for table in graph.of_type_in(
            graph.vocabulary.types[resource.type].relations["route_tables"].to, resource.scope
        )
        if table.region == resource.region
        and property_value(table, "vpc_id") == vpc
        and flag(table, "is_main") == YES
    )
    return verdict(_leads_out(mains, ()), resource, graph) if mains else Unknown()


def is_flow_logged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an active flow log records the whole network."""
    logs = graph.targets(resource, "flow_logs")
    active = [_is_active(log) for log in logs.resources]
    hidden = [unknown(logs.gaps)] if logs.gaps else []
    return verdict(any_of([*active, *hidden]), resource, graph)


def _is_active(log: Resource) -> Answer:
    match property_value(log, "status"):
        case Known(value=status):
            return YES if status == "ACTIVE" else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _leads_out(tables: tuple[Resource, ...], gaps: tuple[str, ...]) -> Answer:
    hidden = [unknown(gaps)] if gaps else []
    return any_of([*(flag(table, "reaches_internet") for table in tables), *hidden])


def holds_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something that trains or serves models points here."""
    return verdict(_users(resource, graph), resource, graph)


def vpc_holds_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something that trains or serves models runs in one of the network's subnets."""
    subnets = graph.targets(resource, "subnets")
    hidden = [unknown(subnets.gaps)] if subnets.gaps else []
    return verdict(
        any_of([*(_users(subnet, graph) for subnet in subnets.resources), *hidden]), resource, graph
    )


def task_holds_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a container serves models or vectors, or asks for an accelerator."""
    serves = field_values(resource, "containers", "serves")
    accelerators = field_values(resource, "containers", "accelerators")
    answers = (
        _has(serves, lambda kind: kind in ("model", "vectors")),
        _has(accelerators, lambda number: (number or 0) > 0),
    )
    return verdict(any_of(answers), resource, graph)


def _has(fact: Known | Unknown, is_meant: Callable[[Any], bool]) -> Answer:
    """Whether one of the values of a list is meant; unknown where one that is hidden may be."""
    if isinstance(fact, Unknown):
        return unknown(fact.gaps)
    if any(is_meant(value) for value in fact.value):
        return YES
    return unknown(fact.more) if fact.more else NO


def _users(resource: Resource, graph: Graph) -> Answer:
    """Ask every relation that comes here from what may run models."""
    answers = []
    for name, kind in graph.vocabulary.types[resource.type].relations.items():
        runs = _runs_models(graph.vocabulary.types[kind.to]) if kind.reverse else None
        if runs is not None:
            reached = graph.targets(resource, name)
            answers += [runs(target, graph) for target in reached.resources]
            answers += [unknown(reached.gaps)] if reached.gaps else []
    return any_of(answers)


def _runs_models(kind: Type) -> Callable[[Resource, Graph], Answer] | None:
    """Give the question whether one of this type runs models; None for types that never do."""
    if not _ML_CONCEPTS.isdisjoint(kind.concepts):
        return lambda _resource, _graph: YES
    if "has_accelerator" in kind.properties:
        return lambda resource, _graph: flag(resource, "has_accelerator")
    return _runs_model_tasks if "task_definition" in kind.relations else None


def _runs_model_tasks(service: Resource, graph: Graph) -> Answer:
    tasks = graph.targets(service, "task_definition")
    hidden = [unknown(tasks.gaps)] if tasks.gaps else []
    return any_of([*(flag(task, "holds_ml") for task in tasks.resources), *hidden])
