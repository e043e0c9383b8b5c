"""Privilege escalation on Azure, by the techniques in ``rules/techniques/azure``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.techniques.escalation import Escalation, escalations
from mlsec.graph.techniques.load import shipped_techniques
from mlsec.graph.ternary import any_of
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.permissions import has_power
from mlsec.providers.azure.facts.technique_words import WORDS

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def can_escalate(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a known privilege escalation path is open, at any scope."""
    return verdict(_of(resource, graph).is_open, resource, graph)


def escalation_paths(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the open privilege escalation paths; unknown unless every one is decided."""
    escalation = _of(resource, graph)
    if escalation.undecided.truth is Truth.UNKNOWN:
        return verdict(escalation.undecided, resource, graph)
    return Known(sorted({path.text for path in escalation.paths}))


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the identity controls the subscription, or all of its data, or can come to."""
    answer = any_of((has_power(resource, graph), _of(resource, graph).is_open))
    return verdict(answer, resource, graph)


def _of(identity: Resource, graph: Graph) -> Escalation:
    every = graph.memo(
        ("azure escalations", ""), lambda: escalations(WORDS, shipped_techniques(WORDS), graph)
    )
    return every[identity.id]


AZURE_ESCALATION: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_permissions.can_escalate": can_escalate,
    "azure_permissions.escalation_paths": escalation_paths,
    "azure_permissions.is_privileged": is_privileged,
}
