"""The derived facts of clusters, in dependency order."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.providers.kubernetes.facts.entry_points import (
    KUBE_ENTRY_POINT_RELATIONS,
    KUBE_ENTRY_POINTS,
)
from mlsec.providers.kubernetes.facts.escalation import KUBE_ESCALATIONS
from mlsec.providers.kubernetes.facts.ml_signs import KUBE_ML_SIGNS
from mlsec.providers.kubernetes.facts.model_sources import KUBE_SOURCE_RELATIONS, KUBE_SOURCES
from mlsec.providers.kubernetes.facts.network_policies import KUBE_POLICIES, KUBE_POLICY_RELATIONS
from mlsec.providers.kubernetes.facts.rights import KUBE_RIGHT_RELATIONS, KUBE_RIGHTS
from mlsec.providers.kubernetes.facts.service_accounts import KUBE_ACCOUNT_RELATIONS, KUBE_ACCOUNTS

FACTS = Facts(
    properties={
        **KUBE_RIGHTS,
        **KUBE_ESCALATIONS,
        **KUBE_ACCOUNTS,
        **KUBE_POLICIES,
        **KUBE_SOURCES,
        **KUBE_ENTRY_POINTS,
        **KUBE_ML_SIGNS,
    },
    relations={
        **KUBE_RIGHT_RELATIONS,
        **KUBE_ACCOUNT_RELATIONS,
        **KUBE_POLICY_RELATIONS,
        **KUBE_SOURCE_RELATIONS,
        **KUBE_ENTRY_POINT_RELATIONS,
    },
)
