"""All that is derived for AWS, in the order in which one fact may read another."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.providers.aws.facts.abilities import PERMISSION_RELATIONS, PERMISSIONS
from mlsec.providers.aws.facts.agents import AGENT_RELATIONS, AGENTS
from mlsec.providers.aws.facts.approvals import APPROVALS
from mlsec.providers.aws.facts.bucket_access import BUCKETS
from mlsec.providers.aws.facts.bucket_writers import bucket_writers
from mlsec.providers.aws.facts.exposure import EXPOSURE, EXPOSURE_RELATIONS
from mlsec.providers.aws.facts.external_principals import POLICIES
from mlsec.providers.aws.facts.guardrails import GUARDRAIL_RELATIONS, GUARDRAILS
from mlsec.providers.aws.facts.image_repositories import REPOSITORIES
from mlsec.providers.aws.facts.keys import KEYS
from mlsec.providers.aws.facts.knowledge_bases import KNOWLEDGE, KNOWLEDGE_RELATIONS
from mlsec.providers.aws.facts.model_clients import CLIENTS
from mlsec.providers.aws.facts.ownership import OWNERSHIP
from mlsec.providers.aws.facts.role_trust import TRUST
from mlsec.providers.aws.facts.search_policies import SEARCH, SEARCH_RELATIONS

FACTS = Facts(
    properties={
        # Names of keys first: relations to keys go by them.
        **KEYS,
        **POLICIES,
        **REPOSITORIES,
        **BUCKETS,
        **OWNERSHIP,
        **TRUST,
        **PERMISSIONS,
        **EXPOSURE,
        **CLIENTS,
        **SEARCH,
        **GUARDRAILS,
        **AGENTS,
        **APPROVALS,
        **KNOWLEDGE,
    },
    relations={
        "permissions.bucket_writers": bucket_writers,
        **PERMISSION_RELATIONS,
        **GUARDRAIL_RELATIONS,
        **AGENT_RELATIONS,
        **KNOWLEDGE_RELATIONS,
        **SEARCH_RELATIONS,
        **EXPOSURE_RELATIONS,
    },
)
