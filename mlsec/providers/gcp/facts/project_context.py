"""What surrounds a project: perimeters, audit logs and their sinks, networks, alerts, API keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.providers.gcp.facts.grants import reasons_as_gaps, verdict
from mlsec.providers.gcp.facts.members import home_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

Fact = Callable[[Resource, "Graph"], Known | Unknown]
_VERTEX, _STORAGE = "aiplatform.googleapis.com", "storage.googleapis.com"
_ALL_SERVICES = "allServices"
_DATA = ("DATA_READ", "DATA_WRITE")
_NODE, _ALERT = "gcp.resourcemanager.node", "gcp.monitoring.alert_policy"
_FLOWLESS = (
    "REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER",
    "PRIVATE_SERVICE_CONNECT", "PRIVATE_NAT",
)  # fmt: skip
_ML_CONCEPTS = frozenset(
    ("endpoint", "model", "notebook", "workspace", "training_job", "agent", "cluster")
)


def protects(service: str) -> Fact:
    """Make the fact that a perimeter in force restricts a service for the project."""

    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        home, perimeters = home_of(resource, graph), graph.targets(resource, "perimeters")
        hidden = [unknown(perimeters.gaps)] if perimeters.gaps else []
        # The collector writes the ids of known projects in place of their numbers.
        mine = {f"projects/{home.project}", *([f"projects/{home.number}"] if home.number else [])}
        answers = [_restricts(target, mine, service) for target in perimeters.resources]
        return verdict(any_of([*answers, *hidden]), resource, graph)

    return derive


def _restricts(perimeter: Resource, projects: set[str], service: str) -> Answer:
    inside, services = property_value(perimeter, "resources"), property_value(perimeter, "services")
    if isinstance(inside, Unknown) or isinstance(services, Unknown):
        return unknown([*getattr(inside, "gaps", ()), *getattr(services, "gaps", ())])
    is_regular = property_value(perimeter, "kind") == Known("PERIMETER_TYPE_REGULAR")
    is_ours = not projects.isdisjoint(inside.value or ())
    return YES if is_regular and is_ours and service in (services.value or ()) else NO


def is_audited(service: str) -> Fact:
    """Make the fact that reads and writes of a service are logged for the project."""

    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(_audited(resource, graph, service), resource, graph)

    return derive


def _audited(resource: Resource, graph: Graph, service: str) -> Answer:
    nodes = list(graph.of_type_in(_NODE, resource.scope))
    gaps = graph.incomplete(_NODE, resource.scope, "")
    hidden = [unknown(gaps)] if gaps else []
    return all_of(
        any_of([*(_logs(node, service, kind) for node in nodes), *hidden]) for kind in _DATA
    )


def _logs(node: Resource, service: str, kind: str) -> Answer:
    fact = property_value(node, "audit_configs")
    if isinstance(fact, Unknown):
        return unknown(fact.gaps)
    return any_of(
        YES if config.get("service") in (service, _ALL_SERVICES) and kind in config["kinds"] else NO
        for config in fact.value or ()
    )


def bucket_is_logged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether usage logs of the bucket or data access audit logs of its project are on."""
    match property_value(resource, "log_bucket_name"):
        case Known(value=name):
            own = YES if name else NO
        case Unknown(gaps=gaps):
            own = unknown(gaps)
    return verdict(any_of((own, _audited(resource, graph, _STORAGE))), resource, graph)


def exports_audit_logs(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an active sink takes audit logs to something else than a log bucket."""
    sinks = graph.targets(resource, "sinks")
    answers = [
        all_of(
            (flag(sink, "includes_audit_logs"), flag(sink, "exports_outside_project"), _is_on(sink))
        )
        for sink in sinks.resources
    ]
    hidden = [unknown(sinks.gaps)] if sinks.gaps else []
    return verdict(any_of([*answers, *hidden]), resource, graph)


def _is_on(sink: Resource) -> Answer:
    match property_value(sink, "disabled"):
        case Known(value=value):
            return NO if value else YES
        case Unknown(gaps=gaps):
            return unknown(gaps)


def is_flow_logged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every subnetwork that can keep flow logs keeps them."""
    subnetworks = graph.targets(resource, "subnetworks")
    answers = [
        flag(target, "flow_logs")
        for target in subnetworks.resources
        if not _is_one_of(property_value(target, "purpose"), _FLOWLESS)
    ]
    hidden = [unknown(subnetworks.gaps)] if subnetworks.gaps else []
    return verdict(all_of([*answers, *hidden]), resource, graph)


def _is_one_of(fact: Known | Unknown, values: tuple[str, ...]) -> bool:
    return isinstance(fact, Known) and fact.value in values


def holds_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something that trains or serves models points at the (sub)network."""
    return verdict(any_of(_ml_users(resource, graph)), resource, graph)


def firewall_in_ml_network(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something that trains or serves models stands in the rule's network."""
    networks = graph.targets(resource, "network")
    hidden = [unknown(networks.gaps)] if networks.gaps else []
    answers = [answer for target in networks.resources for answer in _ml_users(target, graph)]
    return verdict(any_of([*answers, *hidden]), resource, graph)


def _ml_users(resource: Resource, graph: Graph) -> list[Answer]:
    """Ask every type of models, and clusters with accelerators, whether it points here."""
    answers: list[Answer] = []
    for name, kind in sorted(graph.vocabulary.types.items()):
        ways = [r.name for r in kind.relations.values() if r.to == resource.type and r.by]
        if not ways or not name.startswith("gcp.") or _ML_CONCEPTS.isdisjoint(kind.concepts):
            continue
        gaps = graph.incomplete(name, resource.scope, "")
        answers += [unknown(gaps)] if gaps else []
        for user in graph.of_type_in(name, resource.scope):
            answers += [_leads(user, way, resource, graph) for way in ways]
    return answers


def _leads(user: Resource, way: str, resource: Resource, graph: Graph) -> Answer:
    reached = graph.targets(user, way)
    if any(target.id == resource.id for target in reached.resources):
        is_cluster = "runs_ml" in graph.vocabulary.types[user.type].properties
        return flag(user, "runs_ml") if is_cluster else YES
    return unknown(reached.gaps) if reached.gaps else NO


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a cluster has accelerators or Ray; an Autopilot cluster does not show it."""
    shown = any_of((flag(resource, "has_accelerator"), flag(resource, "runs_ray")))
    if shown != NO:
        return verdict(shown, resource, graph)
    autopilot = flag(resource, "is_autopilot")
    doubt = unknown({f"?what the Autopilot cluster {resource.name} runs"})
    return verdict(all_of((autopilot, doubt)), resource, graph)


def allows_gemini(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a key opens models: it names them, or nothing while they are on."""
    named, apis = flag(resource, "is_for_gemini"), property_value(resource, "apis")
    if isinstance(apis, Unknown):
        return verdict(unknown(apis.gaps), resource, graph)
    if named == YES or apis.value:
        return verdict(named, resource, graph)
    projects = graph.targets(resource, "project")
    hidden = [unknown(projects.gaps)] if projects.gaps else []
    on = any_of([*(flag(project, "gemini_api_on") for project in projects.resources), *hidden])
    return verdict(on, resource, graph)


def alarms(resource: Resource, graph: Graph) -> Targets:
    """Give the active alert policies that watch this endpoint, or every endpoint."""
    resources: list[Resource] = []
    gaps = set(graph.incomplete(_ALERT, resource.scope, ""))
    for policy in graph.of_type_in(_ALERT, resource.scope):
        ids = property_value(policy, "endpoint_ids")
        watches = all_of((flag(policy, "watches_models"), flag(policy, "enabled")))
        if isinstance(ids, Unknown):
            gaps.update(ids.gaps)
        elif watches == YES and (not ids.value or resource.id.rpartition("/")[2] in ids.value):
            resources.append(policy)
        elif watches not in (YES, NO):
            gaps |= reasons_as_gaps(watches.because, policy, graph)
    return Targets(resources=tuple(resources), gaps=tuple(sorted(gaps)))


SURROUNDINGS: Mapping[str, Fact] = {
    "gcp_perimeters.protects_ml": protects(_VERTEX),
    "gcp_perimeters.protects_storage": protects(_STORAGE),
    "gcp_audit.ml_is_audited": is_audited(_VERTEX),
    "gcp_audit.storage_is_audited": is_audited(_STORAGE),
    "gcp_audit.bucket_is_logged": bucket_is_logged,
    "gcp_audit.exports_audit_logs": exports_audit_logs,
    "gcp_clusters.runs_ml": runs_ml,
    "gcp_networks.is_flow_logged": is_flow_logged,
    "gcp_networks.subnetwork_holds_ml": holds_ml,
    "gcp_networks.holds_ml": holds_ml,
    "gcp_networks.firewall_in_ml_network": firewall_in_ml_network,
    "gcp_api_keys.allows_gemini": allows_gemini,
}

SURROUNDING_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_watch.alarms": alarms,
}
