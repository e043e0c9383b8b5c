"""Which calls give Bedrock agents, their versions, aliases and tools, and knowledge bases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan

_GONE = ("ResourceNotFoundException",)
_PROMPTS = "promptOverrideConfiguration.promptConfigurations[].basePromptTemplate"
_VERSION = {"agentId": "$parent.agentId", "agentVersion": "$.agentVersion"}


def ask(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    items: str = "",
    gone: tuple[str, ...] = _GONE,
    not_set: tuple[str, ...] = (),
    redact: tuple[str, ...] = (),
    only_if: Mapping[str, tuple[Any, ...]] | None = None,
    unless: Mapping[str, tuple[Any, ...]] | None = None,
) -> Operation:
    """Give one read of the agent API, whose rights are named after ``bedrock``."""
    return Operation(
        service="bedrock-agent",
        name=name,
        action=f"bedrock:{name}",
        params=params or {},
        items=items,
        gone=gone,
        not_set=not_set,
        redact=redact,
        only_if=only_if or {},
        unless=unless or {},
    )


_CONNECTOR = "dataSource.dataSourceConfiguration.managedKnowledgeBaseConnectorConfiguration"
_PARSER = (
    "dataSource.vectorIngestionConfiguration.parsingConfiguration"
    ".bedrockFoundationModelConfiguration.parsingPrompt"
)
_AGENT_REDACT = ("agent.instruction", f"agent.{_PROMPTS}")
_VERSION_REDACT = ("agentVersion.instruction", f"agentVersion.{_PROMPTS}")

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.bedrock.agent",
        listing=ask("ListAgents", items="agentSummaries"),
        tags_as="bedrock",
        reads=(
            ask("GetAgent", {"agentId": "$.agentId"}, redact=_AGENT_REDACT),
            # An agent that supervises nobody has no collaborators to list.
            ask(
                "ListAgentCollaborators",
                {"agentId": "$.agentId", "agentVersion": "DRAFT"},
                only_if={
                    "$.GetAgent.agent.agentCollaboration": ("SUPERVISOR", "SUPERVISOR_ROUTER")
                },
                redact=("agentCollaboratorSummaries[].collaborationInstruction",),
            ),
        ),
    ),
    TypePlan(
        type="aws.bedrock.agent_version",
        parent="aws.bedrock.agent",
        listing=ask(
            "ListAgentVersions", {"agentId": "$parent.agentId"}, items="agentVersionSummaries"
        ),
        reads=(
            # The operation takes numbers only; the draft is read as the agent itself, below.
            ask(
                "GetAgentVersion",
                _VERSION,
                unless={"$.agentVersion": ("DRAFT",)},
                redact=_VERSION_REDACT,
            ),
            ask(
                "GetAgent",
                {"agentId": "$parent.agentId"},
                only_if={"$.agentVersion": ("DRAFT",)},
                redact=_AGENT_REDACT,
            ),
            ask("ListAgentKnowledgeBases", _VERSION),
        ),
    ),
    TypePlan(
        type="aws.bedrock.agent_alias",
        parent="aws.bedrock.agent",
        listing=ask(
            "ListAgentAliases", {"agentId": "$parent.agentId"}, items="agentAliasSummaries"
        ),
    ),
    TypePlan(
        type="aws.bedrock.action_group",
        parent="aws.bedrock.agent_version",
        listing=ask(
            "ListAgentActionGroups",
            {"agentId": "$parent.$parent.agentId", "agentVersion": "$parent.agentVersion"},
            items="actionGroupSummaries",
        ),
        reads=(
            ask(
                "GetAgentActionGroup",
                {
                    "agentId": "$parent.$parent.agentId",
                    "agentVersion": "$parent.agentVersion",
                    "actionGroupId": "$.actionGroupId",
                },
                redact=("agentActionGroup.apiSchema.payload",),
            ),
        ),
    ),
    TypePlan(
        type="aws.bedrock.knowledge_base",
        listing=ask("ListKnowledgeBases", items="knowledgeBaseSummaries"),
        tags_as="bedrock",
        reads=(
            ask("GetKnowledgeBase", {"knowledgeBaseId": "$.knowledgeBaseId"}),
            ask("GetResourcePolicy", {"resourceArn": "$id"}, gone=(), not_set=_GONE),
        ),
    ),
    TypePlan(
        type="aws.bedrock.data_source",
        parent="aws.bedrock.knowledge_base",
        listing=ask(
            "ListDataSources",
            {"knowledgeBaseId": "$parent.knowledgeBaseId"},
            items="dataSourceSummaries",
        ),
        reads=(
            ask(
                "GetDataSource",
                {"knowledgeBaseId": "$.knowledgeBaseId", "dataSourceId": "$.dataSourceId"},
                redact=(f"{_CONNECTOR}.connectorParameters.*", f"{_PARSER}.parsingPromptText"),
            ),
            ask(
                "ListIngestionJobs",
                {"knowledgeBaseId": "$.knowledgeBaseId", "dataSourceId": "$.dataSourceId"},
                items="ingestionJobSummaries",
            ),
        ),
    ),
)
