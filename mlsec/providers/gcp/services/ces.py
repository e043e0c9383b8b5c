"""Which calls read CX Agent Studio: apps, what is deployed of them, and what each version does."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_PAGE = 100
ROUTES: Mapping[str, Route] = {
    "ces:ListLocations": Route(path="v1/projects/{project}/locations", page_size=_PAGE),
    "ces:ListApps": Route(
        path="v1/projects/{project}/locations/{region}/apps",
        page_size=_PAGE,
        locations="ces:ListLocations",
    ),
    **{
        f"ces:{name}": Route(path=f"v1/{{app}}/{noun}", page_size=_PAGE)
        for name, noun in (
            ("ListDeployments", "deployments"),
            ("ListAppVersions", "versions"),
            ("ListGuardrails", "guardrails"),
            ("ListAgents", "agents"),
            ("ListTools", "tools"),
            ("ListToolsets", "toolsets"),
        )
    },
}
LOCATIONS = Operation(
    service="ces",
    name="ListLocations",
    action="ces.locations.list",
    items="locations",
    is_global=True,
)
_CALLBACKS = ("beforeAgent", "afterAgent", "beforeModel", "afterModel", "beforeTool", "afterTool")


def _agent(path: str) -> tuple[str, ...]:
    """Give where an agent may hold secrets: instructions and code are the customer's own text."""
    return (
        f"{path}.instruction",
        *(f"{path}.{name}Callbacks[].pythonCode" for name in _CALLBACKS),
    )


def _tool(path: str) -> tuple[str, ...]:
    return (
        f"{path}.pythonFunction.pythonCode",
        f"{path}.openApiTool.openApiSchema",
        f"{path}.mcpTool.customHeaders.*",
    )


def _toolset(path: str) -> tuple[str, ...]:
    return (f"{path}.openApiToolset.openApiSchema", f"{path}.mcpToolset.customHeaders.*")


def _guardrail(path: str) -> tuple[str, ...]:
    names = ("beforeAgent", "afterAgent", "beforeModel", "afterModel")
    return tuple(f"{path}.codeCallback.{name}Callback.pythonCode" for name in names)


_APP = ("globalInstruction", "variableDeclarations[].schema", "metadata.*")
_SNAPSHOT = "appVersions[].snapshot"


def _below(name: str, items: str, right: str, app: str, redact: tuple[str, ...] = ()) -> Operation:
    return Operation(
        service="ces",
        name=name,
        action=f"ces.{right}.list",
        params={"app": app},
        items=items,
        redact=redact,
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.ces.app",
        listing=Operation(
            service="ces",
            name="ListApps",
            action="ces.apps.list",
            items="apps",
            is_global=True,
            redact=tuple(f"apps[].{path}" for path in _APP),
        ),
        region="$.~region",
    ),
    TypePlan(
        type="gcp.ces.deployment",
        parent="gcp.ces.app",
        listing=_below("ListDeployments", "deployments", "deployments", "$parent.name"),
    ),
    TypePlan(
        type="gcp.ces.version",
        parent="gcp.ces.app",
        listing=_below(
            "ListAppVersions",
            "appVersions",
            "appVersions",
            "$parent.name",
            (
                *(f"{_SNAPSHOT}.app.{path}" for path in _APP),
                *_agent(f"{_SNAPSHOT}.agents[]"),
                *_tool(f"{_SNAPSHOT}.tools[]"),
                *_toolset(f"{_SNAPSHOT}.toolsets[]"),
                *_guardrail(f"{_SNAPSHOT}.guardrails[]"),
                f"{_SNAPSHOT}.examples[].messages[].chunks[].text",
            ),
        ),
    ),
    # The draft is a version that nobody made: a deployment may serve it as "versions/-".
    TypePlan(
        type="gcp.ces.version",
        parent="gcp.ces.app",
        inside="$.name",
        reads=(
            _below("ListAgents", "agents", "agents", "$.value", _agent("agents[]")),
            _below("ListTools", "tools", "tools", "$.value", _tool("tools[]")),
            _below("ListToolsets", "toolsets", "toolsets", "$.value", _toolset("toolsets[]")),
        ),
    ),
    TypePlan(
        type="gcp.ces.guardrail",
        parent="gcp.ces.app",
        listing=_below(
            "ListGuardrails",
            "guardrails",
            "guardrails",
            "$parent.name",
            _guardrail("guardrails[]"),
        ),
    ),
)
