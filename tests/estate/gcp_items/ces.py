"""Agents of CX Agent Studio in the invented company: an app for a deployment, in a few of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import EVERY, FEW, RECENT, Body, account_of
from tests.estate.gcp_world import PROJECT, Thing, Told

_PATHS = "paths/public-agent-without-confirmation"
# What is planted in every fifth app, beginning with its number, and what must then fail.
_FAULTS: tuple[tuple[str, ...], ...] = (
    ("ces/deployment-without-origin-check", "ces/deployment-without-captcha", _PATHS),
    ("ces/deployment-serves-draft",),
    ("ces/deployment-without-guardrail",),
    ("ces/guardrail-fails-open",),
    (_PATHS,),
)
FAULTS: tuple[Planted, ...] = tuple(
    Planted(rule=rule, every=EVERY, which=n) for n, rules in enumerate(_FAULTS) for rule in rules
)
# Put together here, so that no scanner takes this file for a leak.
_TOKEN = "hf_" + "pYtHoNcOdE" * 3 + "abcd"


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    if site.deployment.index >= FEW:
        return []
    path = f"{site.here}/apps/{site.deployment.index + 1000}"
    planted = site.deployment.index % EVERY
    for rule in _FAULTS[planted]:
        kind = "guardrails/prompts" if rule.startswith("ces/guardrail") else "deployments/site"
        site.expected.setdefault(rule, set()).add(f"//ces.googleapis.com/{path}/{kind}")
    return list(_app(site, path, planted))


def specimens() -> list[Thing | Told]:
    return []


def _app(site: Site, path: str, planted: int) -> list[Thing]:
    guardrail, version = f"{path}/guardrails/prompts", f"{path}/versions/1"
    tool = {
        "name": f"{path}/tools/pay",
        "openApiTool": {
            "name": "pay",
            "openApiSchema": "openapi: 3.0.0",
            "apiAuthentication": {"serviceAccountAuthConfig": {"serviceAccount": account_of(site)}},
        },
    }
    code = {"name": f"{path}/tools/look", "pythonFunction": {"name": "look",
            "pythonCode": f"token = '{_TOKEN}'"}}  # fmt: skip
    toolset = {"name": f"{path}/toolsets/crm", "mcpToolset": {
        "serverAddress": "https://crm.nordlicht.example/mcp/",
        "customHeaders": {"x-key": _TOKEN}}}  # fmt: skip
    agent: Body = {
        "name": f"{path}/agents/root",
        "displayName": "root",
        "instruction": "Help the customer.",
        "tools": [tool["name"], code["name"]],
        "toolsets": [{"toolset": toolset["name"]}],
    }
    app: Body = {"displayName": site.name, "rootAgent": agent["name"], "createTime": RECENT,
                 "guardrails": [guardrail]}  # fmt: skip
    if planted == 2:
        app.pop("guardrails")
    snapshot = {
        "app": {"name": path, **app},
        "agents": [agent],
        "tools": [tool, code],
        "toolsets": [toolset],
    }
    served = f"{path}/versions/-" if planted == 1 else version
    thing = _maker(path)
    return [
        thing("App", "", app),
        thing("AppVersion", "versions/1", {"displayName": "1", "snapshot": snapshot}),
        thing("Agent", "agents/root", agent),
        thing("Tool", "tools/pay", tool),
        thing("Tool", "tools/look", code),
        thing("Toolset", "toolsets/crm", toolset),
        thing("Guardrail", "guardrails/prompts", {
            "displayName": "prompts",
            "enabled": True,
            "llmPromptSecurity": {"defaultSettings": {}, "failOpen": planted == 3},
        }),
        thing("Deployment", "deployments/site", {
            "displayName": site.name,
            "createTime": RECENT,
            "appVersion": served,
            "channelProfile": _channel(planted),
        }),
    ]  # fmt: skip


def _channel(planted: int) -> Body:
    """Give the channel: a widget that asks for a token, but where its openness is planted."""
    checks = planted != 0
    return {
        "channelType": "WEB_UI",
        "webWidgetConfig": {
            "securitySettings": {
                "enablePublicAccess": planted in (0, 4),
                "enableOriginCheck": checks,
                "allowedOrigins": ["https://www.nordlicht.example"] if checks else [],
                "enableRecaptcha": checks,
            }
        },
    }


def _maker(app: str) -> Callable[[str, str, Body], Thing]:
    def thing(schema: str, below: str, body: Body) -> Thing:
        path = f"{app}/{below}".rstrip("/")
        known: dict[str, Any] = {**copy.deepcopy(body), "name": path}
        return Thing(document="ces.v1", schema=schema, path=path, body=known, project=PROJECT)

    return thing
