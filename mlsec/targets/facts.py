"""The tables of derived facts; a function may read what stands above it in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unread
from mlsec.model_files.facts import FILE_RELATIONS
from mlsec.providers.aws.facts.abilities import PERMISSIONS
from mlsec.providers.aws.facts.agents import AGENT_RELATIONS, AGENTS
from mlsec.providers.aws.facts.approvals import APPROVALS
from mlsec.providers.aws.facts.bucket_access import BUCKETS, bucket_writers
from mlsec.providers.aws.facts.exposure import EXPOSURE, EXPOSURE_RELATIONS
from mlsec.providers.aws.facts.external_principals import POLICIES
from mlsec.providers.aws.facts.guardrails import GUARDRAIL_RELATIONS, GUARDRAILS
from mlsec.providers.aws.facts.image_repositories import REPOSITORIES
from mlsec.providers.aws.facts.keys import KEYS
from mlsec.providers.aws.facts.knowledge_bases import KNOWLEDGE, KNOWLEDGE_RELATIONS
from mlsec.providers.aws.facts.ownership import OWNERSHIP
from mlsec.providers.aws.facts.role_trust import TRUST
from mlsec.providers.aws.facts.search_policies import SEARCH, SEARCH_RELATIONS
from mlsec.providers.azure.facts.ai_services import AZURE_AI, AZURE_AI_RELATIONS
from mlsec.providers.azure.facts.entry_points import AZURE_DOOR_RELATIONS, AZURE_DOORS
from mlsec.providers.azure.facts.identities import AZURE_IDENTITIES
from mlsec.providers.azure.facts.keys import AZURE_KEYS
from mlsec.providers.azure.facts.machine_learning import AZURE_ML, AZURE_ML_RELATIONS
from mlsec.providers.azure.facts.networks import AZURE_NETWORK
from mlsec.providers.azure.facts.permissions import AZURE_PERMISSIONS
from mlsec.providers.azure.facts.registries import AZURE_REGISTRIES
from mlsec.providers.azure.facts.storage import AZURE_STORAGE, AZURE_STORAGE_RELATIONS
from mlsec.providers.gcp.facts.table import GCP_FACTS, GCP_RELATIONS
from mlsec.providers.kubernetes.facts.table import KUBE_FACTS, KUBE_RELATIONS

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

DERIVED: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    # Names of keys first: relations to keys go by them.
    **KEYS,
    **AZURE_AI,
    **AZURE_ML,
    **POLICIES,
    **REPOSITORIES,
    **BUCKETS,
    **OWNERSHIP,
    **TRUST,
    **PERMISSIONS,
    **EXPOSURE,
    **SEARCH,
    **GUARDRAILS,
    **AGENTS,
    **APPROVALS,
    **KNOWLEDGE,
    **AZURE_NETWORK,
    **AZURE_PERMISSIONS,
    **AZURE_IDENTITIES,
    **AZURE_KEYS,
    **AZURE_STORAGE,
    **AZURE_REGISTRIES,
    **AZURE_DOORS,
    **GCP_FACTS,
    **KUBE_FACTS,
}

DERIVED_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "permissions.bucket_writers": bucket_writers,
    **FILE_RELATIONS,
    **GUARDRAIL_RELATIONS,
    **AGENT_RELATIONS,
    **KNOWLEDGE_RELATIONS,
    **SEARCH_RELATIONS,
    **EXPOSURE_RELATIONS,
    **AZURE_AI_RELATIONS,
    **AZURE_ML_RELATIONS,
    **AZURE_STORAGE_RELATIONS,
    **AZURE_DOOR_RELATIONS,
    **GCP_RELATIONS,
    **KUBE_RELATIONS,
}
