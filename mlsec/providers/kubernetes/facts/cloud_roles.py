"""Cloud identities of a service account, by its annotations and by associations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.lookups import all_of_type, known_value
from mlsec.providers.kubernetes.facts.selectors import in_code, note_unstated, sorted_targets
from mlsec.vocabulary.types import RelationKind

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Annotation, type of the cloud identity it names, property to find it by.
CLOUDS: Mapping[str, RelationKind] = {
    "aws_role": RelationKind(name="cloud_roles", to="aws.iam.role"),
    "gcp_account": RelationKind(name="cloud_roles", to="gcp.iam.service_account", match="name"),
    "azure_client": RelationKind(
        name="cloud_roles", to="azure.identity.managed_identity", match="client_id"
    ),
}
_ASSOCIATION, _EKS = "aws.eks.pod_identity", "aws.eks.cluster"
_ENTRY = "aws.eks.access_entry"
# Each may start pods in kube-system, if it holds there. Source: the EKS user guide.
_STRONG = frozenset({
    "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy",
})  # fmt: skip
_NOT_READ = "EKS may give it a role by association, and the associations were not read"
_WHICH = "EKS gives an account of this name a role, and which cluster this is its context hides"
_DIRECT = "Google's IAM may grant rights to it directly, which is not followed"


def cloud_roles(resource: Resource, graph: Graph) -> Targets:
    """Give the cloud identities that an account can assume."""
    resources: list[Resource] = []
    gaps: set[str] = set()
    for name, kind in CLOUDS.items():
        if kind.to not in graph.vocabulary.types:
            continue
        gaps |= set(resource.unread.get(name, ()))
        named = known_value(resource, name)
        if isinstance(named, str) and named:
            resources += graph.look_up(resource, kind, named)
    if _ASSOCIATION in graph.vocabulary.types:
        given = _given(resource, graph)
        resources += given.resources
        gaps |= set(given.gaps)
    if not resources and _made_by(resource, graph, "gke"):
        gaps.add(note_unstated(graph, resource, "cloud_roles", _DIRECT))
    return sorted_targets(resources, gaps)


def _given(account: Resource, graph: Graph) -> Targets:
    """Give the roles that EKS associates with an account."""
    own = [resource for resource in graph.of_type(_ASSOCIATION) if _names(resource, account)]
    if in_code(account):
        return _roles([item for item in own if item.scope == account.scope], graph, ())
    if not _made_by(account, graph, "eks"):
        return Targets()
    clusters = _clusters(account, graph)
    names = {(cluster.scope, cluster.name) for cluster in clusters}
    here = [item for item in own if (item.scope, str(known_value(item, "cluster_name"))) in names]
    if here:
        return _roles(here, graph, ())
    if not clusters:
        why = _WHICH if own else _NOT_READ
        return Targets(gaps=(note_unstated(graph, account, "cloud_roles", why),))
    hidden = {
        gap
        for cluster in clusters
        for gap in graph.incomplete(_ASSOCIATION, cluster.scope, cluster.region)
    }
    return Targets(gaps=tuple(sorted(hidden)))


def administers(account: Resource, graph: Graph) -> Answer:
    """Whether an access entry of EKS gives a role of an account power over the whole cluster."""
    if _ENTRY not in graph.vocabulary.types:
        return NO
    clusters = [] if in_code(account) else _clusters(account, graph)
    names = {(cluster.scope, cluster.name) for cluster in clusters}
    roles = {role.id for role in cloud_roles(account, graph).resources}
    if not roles:
        return NO
    hidden = [gap for c in clusters for gap in graph.incomplete(_ENTRY, c.scope, c.region)]
    answers = [unknown(hidden)] if hidden else []
    for entry in graph.of_type(_ENTRY):
        is_here = (
            entry.scope == account.scope
            if in_code(account)
            else (entry.scope, str(known_value(entry, "cluster_name"))) in names
        )
        if is_here and roles & {role.id for role in graph.targets(entry, "role").resources}:
            unread = entry.unread.get("policies", ())
            answers.append(unknown(unread) if unread else YES if _is_strong(entry) else NO)
    return any_of(answers)


def _is_strong(entry: Resource) -> bool:
    return any(
        str(policy.get("policy_arn")).rpartition("/")[2] in _STRONG
        and (policy.get("scope") == "cluster" or "kube-system" in (policy.get("namespaces") or ()))
        for policy in known_value(entry, "policies") or ()
    )


def _names(association: Resource, account: Resource) -> bool:
    if known_value(association, "service_account") != account.name:
        return False
    space = known_value(account, "namespace") or ""
    # Code may leave the namespace out.
    return known_value(association, "namespace") == space or (not space and in_code(account))


def _clusters(account: Resource, graph: Graph) -> list[Resource]:
    """Give the EKS cluster that a context names; the only one of the scan where none is named."""
    context = account.scope.partition("/")[2]
    known = [resource for resource in graph.of_type(_EKS) if not resource.is_stub]
    named = [
        candidate
        for candidate in known
        if candidate.id == context
        or re.search(rf"(?:^|[/@]){re.escape(candidate.name)}(?:$|\.)", context)
    ]
    exact = [candidate for candidate in named if candidate.id == context]
    return exact or named or (known if len(known) == 1 else [])


def _made_by(account: Resource, graph: Graph, maker: str) -> bool:
    """Whether the version of a cluster names this vendor, as in v1.32.9-eks-3025e55."""
    versions = [
        str(known_value(cluster, "version") or "")
        for cluster in all_of_type(graph, "kubernetes.cluster", account)
    ]
    return any(f"-{maker}" in version for version in versions)


def _roles(associations: list[Resource], graph: Graph, gaps: tuple[str, ...]) -> Targets:
    resources: list[Resource] = []
    hidden = set(gaps)
    for association in associations:
        for relation in ("role", "target_role"):
            reached = graph.targets(association, relation)
            resources += reached.resources
            hidden |= set(reached.gaps)
    return Targets(resources=tuple(resources), gaps=tuple(sorted(hidden)))
