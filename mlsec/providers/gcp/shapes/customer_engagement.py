"""Shapes of Google's agents for customers: what a tool does, who reaches a channel, who calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# The one field that says of which kind a tool is. A search, a widget and what the caller's own
# program is asked to do act on nothing; "agentTool" hands over to an agent of the same app.
_ACTING = (
    "openApiTool",
    "pythonFunction",
    "connectorTool",
    "mcpTool",
    "remoteAgentTool",
    "openApiToolset",
    "connectorToolset",
    "mcpToolset",
)
_READING = (
    "agentTool",
    "clientFunction",
    "dataStoreTool",
    "fileSearchTool",
    "googleSearchTool",
    "systemTool",
    "widgetTool",
)
_CES = "//ces.googleapis.com/"
_VERTEX, _SEARCH = "//aiplatform.googleapis.com/", "//discoveryengine.googleapis.com/"


def name(raw: Any) -> str | None:
    """Give the full name of what the service names relatively (``projects/...``)."""
    return _CES + str(raw) if raw else None


def names(raw: Any) -> list[str] | None:
    """Give the full names of a list."""
    return None if raw is None else [_CES + str(name) for name in raw]


def exports(raw: Any) -> list[str] | None:
    """Give the data sets that an app's conversations are written to, masked or not."""
    logging = raw.get("loggingSettings", {})
    targets = set()
    for kind in ("bigqueryExportSettings", "unredactedBigqueryExportSettings"):
        settings = logging.get(kind, {})
        if settings.get("enabled") and settings.get("dataset"):
            project = settings.get("project") or str(raw.get("name", "")).split("/")[1]
            targets.add(
                f"//bigquery.googleapis.com/projects/{project}/datasets/{settings['dataset']}"
            )
    return sorted(targets)


def export(raw: Any) -> str | None:
    """Give the first of those data sets, None when there is none."""
    return next(iter(exports(raw) or ()), None)


def acts(raw: Any) -> bool | None:
    """Whether a tool or toolset does something by itself; None for a kind that is not known."""
    if any(name in raw for name in _ACTING):
        return True
    return False if any(name in raw for name in _READING) else None


def has_enabled(raw: Any) -> bool | None:
    """Whether some callback of a list is not switched off."""
    return None if raw is None else any(not item.get("disabled") for item in raw)


def answers_everybody(raw: Any) -> bool | None:
    """Whether a channel answers whoever finds it; None where the channel's provider decides that.

    A web widget says so itself, and asks for a token of the customer's own server when it does not.
    Calls of the API need a right in the project.
    """
    if raw is None:
        return None
    match raw.get("channelType"):
        case "WEB_UI":
            settings = raw.get("webWidgetConfig", {}).get("securitySettings", {})
            return bool(settings.get("enablePublicAccess"))
        case "API":
            return False
    return None


def asks_who(raw: Any) -> bool | None:
    """Whether a channel asks who is there."""
    open_to_all = answers_everybody(raw)
    return None if open_to_all is None else not open_to_all


def service_accounts(raw: Any) -> list[str] | None:
    """Give the accounts that tools of a list sign in as."""
    if raw is None:
        return None
    kinds = [value for tool in raw for value in tool.values() if isinstance(value, Mapping)]
    accounts = (
        kind.get("apiAuthentication", {}).get("serviceAccountAuthConfig", {}).get("serviceAccount")
        for kind in kinds
    )
    return sorted({account for account in accounts if account})


def knowledge(raw: Any) -> list[str] | None:
    """Give the full names of the corpora and data stores that tools of a list search.

    A corpus that the service keeps itself holds only what was uploaded to the app.
    """
    return None if raw is None else sorted({name for tool in raw for name in _searched(tool)})


def engines(raw: Any) -> list[str] | None:
    """Give the search engines that tools name without saying which of their data stores."""
    if raw is None:
        return None
    sources = [tool.get("dataStoreTool", {}).get("engineSource", {}) for tool in raw]
    return sorted(
        {s["engine"] for s in sources if s.get("engine") and not s.get("dataStoreSources")}
    )


def _searched(tool: Mapping[str, Any]) -> Iterator[str]:
    files = tool.get("fileSearchTool", {})
    if files.get("corpusType") == "USER_OWNED" and files.get("fileCorpus"):
        yield _VERTEX + files["fileCorpus"]
    search = tool.get("dataStoreTool", {})
    named = [
        search.get("dataStoreSource", {}),
        *search.get("engineSource", {}).get("dataStoreSources", ()),
    ]
    for source in named:
        name = source.get("dataStore", {}).get("name")
        if name:
            yield _SEARCH + name


def dialogflow_name(raw: Any) -> str | None:
    """Give the full name of what Dialogflow names relatively."""
    return f"//dialogflow.googleapis.com/{raw}" if raw else None


def sends_credentials(raw: Any) -> bool | None:
    """Whether a webhook's calls carry what could prove who calls; a header may be such a thing."""
    if raw is None:
        return None
    # Where nothing is said, the service agent's ID token is sent.
    return raw.get("serviceAgentAuth") != "NONE" or any(raw.get(name) for name in _PROOFS)


_PROOFS = (
    "oauthConfig",
    "password",
    "requestHeaders",
    "secretVersionForUsernamePassword",
    "secretVersionsForRequestHeaders",
    "serviceAccountAuthConfig",
    "username",
)
CES_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "ces_acts": acts,
    "ces_answers_everybody": answers_everybody,
    "ces_asks_who": asks_who,
    "ces_engines": engines,
    "ces_export": export,
    "ces_exports": exports,
    "ces_has_enabled": has_enabled,
    "ces_knowledge": knowledge,
    "ces_name": name,
    "ces_names": names,
    "ces_service_accounts": service_accounts,
    "dialogflow_name": dialogflow_name,
    "dialogflow_signs_in": sends_credentials,
}
