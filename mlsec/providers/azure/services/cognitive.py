"""Azure OpenAI, AI Foundry and other Azure AI services, and the Defender plan that watches them."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead, ProjectRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

VERSION = "2025-09-01"
_RIGHT = "Microsoft.CognitiveServices/accounts/"

ACCOUNTS = ArmRead(
    service="cognitiveservices",
    name="Accounts_List",
    action=f"{_RIGHT}read",
    path="/subscriptions/{subscription}/providers/Microsoft.CognitiveServices/accounts",
    version=VERSION,
    items="value",
    redact=(
        "value[].properties.apiProperties.qnaAzureSearchEndpointKey",
        "value[].properties.apiProperties.eventHubConnectionString",
        "value[].properties.apiProperties.storageAccountConnectionString",
        "value[].properties.migrationToken",
    ),
    graph="microsoft.cognitiveservices/accounts",
)
# Credentials are not answered by a list; were they, they would be reduced all the same.
_CONNECTION = ("value[].properties.credentials", "value[].properties.metadata.*")


def _below(
    name: str, kind: str, right: str = "", redact: tuple[str, ...] = (), graph: str = ""
) -> ArmRead:
    return ArmRead(
        service="cognitiveservices",
        name=name,
        action=f"{_RIGHT}{right or kind}/read",
        path=f"{{id}}/{kind}",
        params={"id": "$parent.id"},
        version=VERSION,
        items="value",
        redact=redact,
        graph=graph,
    )


# An account that was deleted keeps its name, its models and its quota until it is purged.
DELETED_ACCOUNTS = ArmRead(
    service="cognitiveservices",
    name="DeletedAccounts_List",
    action="Microsoft.CognitiveServices/deletedAccounts/read",
    path="/subscriptions/{subscription}/providers/Microsoft.CognitiveServices/deletedAccounts",
    version=VERSION,
    items="value",
)
DEPLOYMENTS = _below("Deployments_List", "deployments")
CONTENT_FILTERS = _below("RaiPolicies_List", "raiPolicies")
PROJECTS = _below(
    "Projects_List", "projects", graph="microsoft.cognitiveservices/accounts/projects"
)
ACCOUNT_CONNECTIONS = _below("AccountConnections_List", "connections", redact=_CONNECTION)
PROJECT_CONNECTIONS = _below(
    "ProjectConnections_List", "connections", "projects/connections", _CONNECTION
)
_DEFINITION = "data[].versions.latest.definition"
# What an agent is made of is known to its project alone; instructions and headers may hold secrets.
AGENTS = ProjectRead(
    service="aiprojects",
    name="Agents_List",
    action=f"{_RIGHT}AIServices/agents/read",
    path="{endpoint}/agents",
    params={"endpoint": "$parent.properties.endpoints.AI Foundry API"},
    version="v1",
    items="data",
    redact=(
        f"{_DEFINITION}.instructions",
        f"{_DEFINITION}.workflow",
        f"{_DEFINITION}.environment_variables.*",
        f"{_DEFINITION}.tools[].authorization",
        f"{_DEFINITION}.tools[].headers.*",
        f"{_DEFINITION}.tools[].openapi.spec.*",
    ),
)
DEFENDER_PLANS = ArmRead(
    service="security",
    name="Pricings_List",
    action="Microsoft.Security/pricings/read",
    path="/subscriptions/{subscription}/providers/Microsoft.Security/pricings",
    version="2024-01-01",
    items="value",
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.cognitive.account",
        listing=ACCOUNTS,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(
        type="azure.cognitive.account",
        listing=DELETED_ACCOUNTS,
        left_out="deleted and kept for 48 hours: az cognitiveservices account recover or purge",
    ),
    TypePlan(
        type="azure.cognitive.deployment", parent="azure.cognitive.account", listing=DEPLOYMENTS
    ),
    TypePlan(
        type="azure.cognitive.content_filter",
        parent="azure.cognitive.account",
        listing=CONTENT_FILTERS,
    ),
    TypePlan(type="azure.cognitive.project", parent="azure.cognitive.account", listing=PROJECTS),
    TypePlan(
        type="azure.ai.connection", parent="azure.cognitive.account", listing=ACCOUNT_CONNECTIONS
    ),
    TypePlan(
        type="azure.ai.connection", parent="azure.cognitive.project", listing=PROJECT_CONNECTIONS
    ),
    TypePlan(type="azure.foundry.agent", parent="azure.cognitive.project", listing=AGENTS),
    TypePlan(type="azure.defender.plan", listing=DEFENDER_PLANS),
)
