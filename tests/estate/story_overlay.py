"""The demo's assistants: two Bedrock agents, their guardrail, knowledge bases and tools."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from tests.estate.model import ACCOUNT, HOME
from tests.estate.overlay import Canned
from tests.estate.seed import Ids
from tests.estate.vector_overlay import COLLECTION_ARN, vector_store

_MADE = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
_CHANGED = datetime.datetime(2026, 10, 12, 15, 30, tzinfo=datetime.UTC)
_TIMES = {"createdAt": _MADE, "updatedAt": _CHANGED}
_MODEL = "anthropic.claude-3-5-sonnet-20241022-v2:0"
_GUARDRAIL = "gr7h2k9p1q3s"
GUARDRAIL_ARN = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:guardrail/{_GUARDRAIL}"


class _Agent:
    """One assistant: what it may do, what it reads, and whether somebody thought about it."""

    def __init__(self, agent_id: str, name: str, tool: str, knowledge: str, *, is_safe: bool):
        self.id, self.name, self.tool = agent_id, name, tool
        self.knowledge, self.is_safe = knowledge, is_safe


AGENTS = (
    _Agent("AGHELPDESK", "helpdesk-agent", "refund-tool", "KBHELPDESK", is_safe=False),
    _Agent("AGFAQBOT01", "faq-agent", "opening-hours", "KBFAQ00001", is_safe=True),
)
_KNOWLEDGE = {
    "KBHELPDESK": ("helpdesk-articles", "DSHELPDESK", "nordlicht-helpdesk-docs"),
    "KBFAQ00001": ("faq-articles", "DSFAQ00001", "nordlicht-faq-docs"),
}
# The articles are brought up to date every month; the questions were once, and then it failed.
_INGESTIONS = {
    "KBHELPDESK": ((_CHANGED, "COMPLETE"), (_MADE, "FAILED"), (_MADE, "COMPLETE")),
    "KBFAQ00001": ((_MADE, "COMPLETE"), (_CHANGED, "FAILED")),
}


def story_answers(ids: Ids) -> Iterator[Canned]:
    """Give everything about the assistants that the emulator has no operation for."""
    yield from _guardrail(ids)
    yield _at_home("bedrock-agent", "ListAgents", {}, {"agentSummaries": [*map(_summary, AGENTS)]})
    for agent in AGENTS:
        yield from _agent(agent, ids)
    names = {kb: name for kb, (name, _, _) in _KNOWLEDGE.items()}
    summaries = [
        {"knowledgeBaseId": kb, "name": name, "status": "ACTIVE", "updatedAt": _CHANGED}
        for kb, name in names.items()
    ]
    yield _at_home("bedrock-agent", "ListKnowledgeBases", {}, {"knowledgeBaseSummaries": summaries})
    for kb in _KNOWLEDGE:
        yield from _knowledge(kb, ids)
    yield from vector_store(ids)


def _at_home(service: str, name: str, match: dict[str, Any], answer: dict[str, Any]) -> Canned:
    return Canned(service=service, operation=name, region=HOME, match=match, answer=answer)


def _guardrail(ids: Ids) -> Iterator[Canned]:
    entry = {
        "id": _GUARDRAIL, "arn": GUARDRAIL_ARN, "status": "READY", "name": "customer-facing",
        "description": "Filters for everything a customer can reach", **_TIMES,
    }  # fmt: skip
    versions = [{**entry, "version": number} for number in ("DRAFT", "1")]
    for name in (_GUARDRAIL, GUARDRAIL_ARN):
        yield _at_home(
            "bedrock", "ListGuardrails", {"guardrailIdentifier": name}, {"guardrails": versions}
        )
    yield _at_home("bedrock", "ListGuardrails", {}, {"guardrails": versions[:1]})
    filters = [
        {"type": kind, "inputStrength": "HIGH", "outputStrength": "HIGH"}
        for kind in ("SEXUAL", "VIOLENCE", "HATE", "INSULTS", "MISCONDUCT")
    ]
    attack = {"type": "PROMPT_ATTACK", "inputStrength": "HIGH", "outputStrength": "NONE"}
    whole = {
        "name": "customer-facing",
        "guardrailId": _GUARDRAIL,
        "guardrailArn": GUARDRAIL_ARN,
        "status": "READY",
        "contentPolicy": {"filters": [*filters, attack], "tier": {"tierName": "STANDARD"}},
        "sensitiveInformationPolicy": {
            "piiEntities": [
                {"type": kind, "action": "BLOCK"}
                for kind in ("CREDIT_DEBIT_CARD_NUMBER", "AWS_SECRET_KEY", "PASSWORD")
            ],
            "regexes": [],
        },
        "contextualGroundingPolicy": {
            "filters": [
                {"type": "GROUNDING", "threshold": 0.8},
                {"type": "RELEVANCE", "threshold": 0.8},
            ]
        },
        "blockedInputMessaging": "I cannot help with that.",
        "blockedOutputsMessaging": "I cannot answer that.",
        "kmsKeyArn": ids.keys["platform"],
        **_TIMES,
    }
    for number in ("DRAFT", "1"):
        for name in (_GUARDRAIL, GUARDRAIL_ARN):
            match = {"guardrailIdentifier": name, "guardrailVersion": number}
            yield _at_home("bedrock", "GetGuardrail", match, {**whole, "version": number})


def _summary(agent: _Agent) -> dict[str, Any]:
    return {
        "agentId": agent.id,
        "agentName": agent.name,
        "agentStatus": "PREPARED",
        "latestAgentVersion": "1",
        "updatedAt": _CHANGED,
        **_guarded(agent),
    }


def _guarded(agent: _Agent) -> dict[str, Any]:
    if not agent.is_safe:
        return {}
    return {"guardrailConfiguration": {"guardrailIdentifier": _GUARDRAIL, "guardrailVersion": "1"}}


def _agent(agent: _Agent, ids: Ids) -> Iterator[Canned]:
    body = {
        "agentId": agent.id,
        "agentName": agent.name,
        "agentArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent/{agent.id}",
        "agentStatus": "PREPARED",
        "foundationModel": _MODEL,
        "instruction": "You answer customers of Nordlicht Kredit politely and briefly.",
        "idleSessionTTLInSeconds": 600,
        "agentResourceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{agent.name}",
        "customerEncryptionKeyArn": ids.keys["platform"],
        **_TIMES,
        "agentCollaboration": "DISABLED" if agent.is_safe else "SUPERVISOR",
        **_guarded(agent),
    }
    of = {"agentId": agent.id}
    service = "bedrock-agent"
    yield _at_home(service, "GetAgent", of, {"agent": {**body, "agentVersion": "DRAFT"}})
    versions = [
        {
            "agentName": agent.name, "agentStatus": "PREPARED", "agentVersion": number,
            **_TIMES, **_guarded(agent),
        }
        for number in ("DRAFT", "1")
    ]  # fmt: skip
    yield _at_home(service, "ListAgentVersions", of, {"agentVersionSummaries": versions})
    alias = {
        "agentAliasId": f"AL{agent.id[2:10]}", "agentAliasName": "production",
        "routingConfiguration": [{"agentVersion": "1"}], "agentAliasStatus": "PREPARED", **_TIMES,
    }  # fmt: skip
    yield _at_home(service, "ListAgentAliases", of, {"agentAliasSummaries": [alias]})
    for number in ("DRAFT", "1"):
        yield from _version(agent, body, number)


def _version(agent: _Agent, body: dict[str, Any], number: str) -> Iterator[Canned]:
    service, of = "bedrock-agent", {"agentId": agent.id, "agentVersion": number}
    if number != "DRAFT":
        yield _at_home(
            service, "GetAgentVersion", of, {"agentVersion": {**body, "version": number}}
        )
    group = {
        "actionGroupId": f"TOOL{agent.id[2:8]}", "actionGroupName": agent.tool,
        "actionGroupState": "ENABLED",
    }  # fmt: skip
    yield _at_home(
        service,
        "ListAgentActionGroups",
        of,
        {"actionGroupSummaries": [{**group, "updatedAt": _CHANGED}]},
    )
    helper = {
        "agentId": agent.id, "agentVersion": number, "collaboratorId": "COLLAB0001",
        "collaboratorName": "faq", "collaborationInstruction": "Ask it about opening hours",
        "agentDescriptor": {
            "aliasArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent-alias/AGFAQBOT01/ALFAQBOT01"
        },
        "relayConversationHistory": "DISABLED", "createdAt": _MADE, "lastUpdatedAt": _CHANGED,
    }  # fmt: skip
    helpers = [] if agent.is_safe else [helper]
    yield _at_home(service, "ListAgentCollaborators", of, {"agentCollaboratorSummaries": helpers})
    function = {
        "name": agent.tool.replace("-", "_"),
        "description": "Looks up or changes a customer's account",
        "parameters": {"customer": {"type": "string", "required": True}},
        "requireConfirmation": "ENABLED" if agent.is_safe else "DISABLED",
    }
    executor = {"lambda": f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:{agent.tool}"}
    yield _at_home(
        service,
        "GetAgentActionGroup",
        {**of, "actionGroupId": group["actionGroupId"]},
        {
            "agentActionGroup": {
                "agentId": agent.id,
                "agentVersion": number,
                **group,
                "actionGroupExecutor": executor,
                "functionSchema": {"functions": [function]},
                **_TIMES,
            }
        },
    )
    link = {"knowledgeBaseId": agent.knowledge, "knowledgeBaseState": "ENABLED"}
    yield _at_home(
        service,
        "ListAgentKnowledgeBases",
        of,
        {"agentKnowledgeBaseSummaries": [{**link, "updatedAt": _CHANGED}]},
    )


def _knowledge(kb: str, ids: Ids) -> Iterator[Canned]:
    name, source, bucket = _KNOWLEDGE[kb]
    of = {"knowledgeBaseId": kb}
    embedding = f"arn:aws:bedrock:{HOME}::foundation-model/amazon.titan-embed-text-v2:0"
    fields = {"textField": "text", "metadataField": "metadata"}
    storage: dict[str, Any] = {
        "type": "OPENSEARCH_SERVERLESS",
        "opensearchServerlessConfiguration": {
            "collectionArn": COLLECTION_ARN,
            "vectorIndexName": name,
            "fieldMapping": {**fields, "vectorField": "vector"},
        },
    }
    if kb == "KBFAQ00001":
        storage = {
            "type": "PINECONE",
            "pineconeConfiguration": {
                "connectionString": "https://faq.svc.pinecone.example",
                "credentialsSecretArn": ids.notes["vector_secret"],
                "fieldMapping": fields,
            },
        }
    yield _at_home(
        "bedrock-agent",
        "GetKnowledgeBase",
        of,
        {
            "knowledgeBase": {
                **of,
                "name": name,
                "knowledgeBaseArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:knowledge-base/{kb}",
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/knowledge-reader",
                "knowledgeBaseConfiguration": {
                    "type": "VECTOR",
                    "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": embedding},
                },
                "storageConfiguration": storage,
                "status": "ACTIVE",
                **_TIMES,
            }
        },
    )
    summary = {
        **of, "dataSourceId": source, "name": bucket, "status": "AVAILABLE", "updatedAt": _CHANGED
    }  # fmt: skip
    yield _at_home("bedrock-agent", "ListDataSources", of, {"dataSourceSummaries": [summary]})
    jobs = [
        {
            **of, "dataSourceId": source, "ingestionJobId": f"JOB{number:02}{source[-5:]}",
            "status": status,
            "startedAt": day, "updatedAt": day + datetime.timedelta(minutes=12),
        }
        for number, (day, status) in enumerate(_INGESTIONS[kb])
    ]  # fmt: skip
    yield _at_home(
        "bedrock-agent",
        "ListIngestionJobs",
        {**of, "dataSourceId": source},
        {"ingestionJobSummaries": jobs},
    )
    yield _at_home(
        "bedrock-agent",
        "GetDataSource",
        {**of, "dataSourceId": source},
        {
            "dataSource": {
                **of,
                "dataSourceId": source,
                "name": bucket,
                "status": "AVAILABLE",
                "dataSourceConfiguration": {
                    "type": "S3",
                    "s3Configuration": {"bucketArn": f"arn:aws:s3:::{bucket}"},
                },
                "serverSideEncryptionConfiguration": {"kmsKeyArn": ids.keys["platform"]},
                "dataDeletionPolicy": "DELETE",
                **_TIMES,
            }
        },
    )
