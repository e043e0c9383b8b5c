"""All that is derived of a cluster, in the order in which one fact may read another."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.providers.kubernetes.facts.entry_points import KUBE_DOOR_RELATIONS, KUBE_DOORS
from mlsec.providers.kubernetes.facts.model_sources import KUBE_SOURCE_RELATIONS, KUBE_SOURCES
from mlsec.providers.kubernetes.facts.network_policies import KUBE_POLICIES, KUBE_POLICY_RELATIONS
from mlsec.providers.kubernetes.facts.rights import KUBE_RIGHT_RELATIONS, KUBE_RIGHTS
from mlsec.providers.kubernetes.facts.service_accounts import KUBE_ACCOUNT_RELATIONS, KUBE_ACCOUNTS

FACTS = Facts(
    properties={
        **KUBE_RIGHTS,
        **KUBE_ACCOUNTS,
        **KUBE_POLICIES,
        **KUBE_SOURCES,
        **KUBE_DOORS,
    },
    relations={
        **KUBE_RIGHT_RELATIONS,
        **KUBE_ACCOUNT_RELATIONS,
        **KUBE_POLICY_RELATIONS,
        **KUBE_SOURCE_RELATIONS,
        **KUBE_DOOR_RELATIONS,
    },
)
