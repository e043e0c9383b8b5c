"""Dialogflow agents of the invented company, each with one webhook."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import EVERY, FEW
from tests.estate.gcp_world import Thing, Told

_UNLOGGED = Planted(rule="dialogflow/agent-without-log", every=EVERY, which=0)
_ANONYMOUS = Planted(rule="dialogflow/webhook-without-authentication", every=EVERY, which=1)
_INLINE = Planted(rule="dialogflow/webhook-secret-in-configuration", every=EVERY, which=2)
FAULTS: tuple[Planted, ...] = (_UNLOGGED, _ANONYMOUS, _INLINE)
_CX = "GoogleCloudDialogflowCxV3"
_ID = "//dialogflow.googleapis.com/"


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    if site.deployment.index >= FEW:
        return []
    agent = f"{site.here}/agents/{site.deployment.index + 1000}"
    webhook = f"{agent}/webhooks/orders"
    logs = not site.is_struck(_UNLOGGED, _ID + agent)
    service: dict[str, object] = {"uri": "https://orders.nordlicht.example/"}
    if site.is_struck(_ANONYMOUS, _ID + webhook):
        service["serviceAgentAuth"] = "NONE"
    if site.is_struck(_INLINE, _ID + webhook):
        service |= {"username": "agent", "password": "wInter-is-over-2026"}
    settings = {"loggingSettings": {"enableStackdriverLogging": logs}}
    return [
        _thing("Agent", agent, displayName=site.name, advancedSettings=settings),
        _thing("Webhook", webhook, displayName="orders", genericWebService=service),
    ]


def specimens() -> list[Thing | Told]:
    return []


def _thing(schema: str, path: str, **body: object) -> Thing:
    return Thing(document="dialogflow.v3", schema=_CX + schema, path=path,
                 body={"name": path, **body})  # fmt: skip
