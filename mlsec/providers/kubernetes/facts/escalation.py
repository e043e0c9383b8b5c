"""Service accounts that can take over the cluster, by the techniques of rules/techniques."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.flags import as_answer
from mlsec.graph.techniques.escalation import Escalation, escalations
from mlsec.graph.techniques.load import shipped_techniques
from mlsec.graph.ternary import YES, any_of
from mlsec.providers.kubernetes.facts.cloud_roles import administers
from mlsec.providers.kubernetes.facts.grants import grants_of
from mlsec.providers.kubernetes.facts.rights import is_admin
from mlsec.providers.kubernetes.facts.selectors import as_fact
from mlsec.providers.kubernetes.facts.technique_words import WORDS

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


_BY_ENTRY = "an access entry of EKS for its role"


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an account can take over the cluster."""
    search = _all(graph).get(resource.id)
    answers = [as_answer(is_admin(resource, graph)), administers(resource, graph)]
    answers += [search.is_open] if search else []
    return as_fact(any_of(answers))


def escalation_paths(resource: Resource, graph: Graph) -> Known | Unknown:
    """List how an account can take over the cluster: the rights, and whose account they lead to."""
    search = _all(graph).get(resource.id)
    if search is None:
        return Known([])
    by_entry = administers(resource, graph)
    texts = [path.text for path in search.paths] + ([_BY_ENTRY] if by_entry == YES else [])
    doubts = {*search.undecided.because, *by_entry.because, *grants_of(resource, graph).gaps}
    if doubts and not texts:
        return Unknown(tuple(sorted(gap for gap in doubts if not gap.startswith("?"))))
    return Known(texts)


def _all(graph: Graph) -> Mapping[str, Escalation]:
    return graph.memo(
        ("kubernetes escalations",), lambda: escalations(WORDS, shipped_techniques(WORDS), graph)
    )


KUBE_ESCALATIONS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.is_privileged": is_privileged,
    "kubernetes.escalation_paths": escalation_paths,
}
