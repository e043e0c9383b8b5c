"""Which calls read Dialogflow CX: agents in each of its locations, and the webhooks they call."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_HOST = "{region-}dialogflow.googleapis.com"
ROUTES: Mapping[str, Route] = {
    "dialogflow:ListLocations": Route(path="v3/projects/{project}/locations", page_size=100),
    "dialogflow:ListAgents": Route(
        host=_HOST,
        path="v3/projects/{project}/locations/{region}/agents",
        page_size=100,
        locations="dialogflow:ListLocations",
    ),
    "dialogflow:ListWebhooks": Route(host=_HOST, path="v3/{agent}/webhooks", page_size=100),
}
LOCATIONS = Operation(
    service="dialogflow",
    name="ListLocations",
    action="dialogflow.locations.list",
    items="locations",
    is_global=True,
)
_SERVICES = ("genericWebService", "serviceDirectory.genericWebService")
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.dialogflow.agent",
        listing=Operation(
            service="dialogflow",
            name="ListAgents",
            action="dialogflow.agents.list",
            items="agents",
            is_global=True,
            redact=("agents[].gitIntegrationSettings.githubSettings.accessToken",),
        ),
        region="$.~region",
    ),
    TypePlan(
        type="gcp.dialogflow.webhook",
        parent="gcp.dialogflow.agent",
        listing=Operation(
            service="dialogflow",
            name="ListWebhooks",
            action="dialogflow.webhooks.list",
            params={"agent": "$parent.name"},
            items="webhooks",
            redact=tuple(
                f"webhooks[].{service}.{field}"
                for service in _SERVICES
                for field in ("password", "requestHeaders.*", "oauthConfig.clientSecret")
            ),
        ),
    ),
)
