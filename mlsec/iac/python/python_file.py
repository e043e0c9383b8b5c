"""A Python file or notebook as a resource of its own: what it loads, fetches, opens and holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeScope, Language
from mlsec.collect.python.call import Call
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.iac.python.azureml_v1 import WebService, is_web_service, web_services
from mlsec.iac.python.hub import TRUST, Fetch, fetches_of, is_hub_call, saved_paths
from mlsec.iac.python.loads import NAMES, Load, loads_of
from mlsec.iac.python.mcp_servers import is_mcp_call, open_mcp_servers
from mlsec.iac.python.model_output import run_answers, runs_text
from mlsec.iac.python.origins import fetched_paths, writes_fetched, writes_own, written_paths
from mlsec.iac.python.printed_secrets import fetches_secret, is_print, may_print, printed_secrets
from mlsec.iac.python.serving import Exposure, exposures_of, is_serving_call
from mlsec.iac.python.source import Source

TYPE = "code.python"
# So many calls of one kind are listed of a file; the finding is one all the same.
_MOST = 50
_SAVES = (".save_pretrained", ".save_model", ".save", ".save_to_disk")


def _is_wanted(name: str) -> bool:
    return (
        name in NAMES
        or is_hub_call(name)
        or writes_fetched(name)
        or writes_own(name)
        or is_serving_call(name)
        or is_mcp_call(name)
        or is_web_service(name)
        or name.endswith(_SAVES)
    )


def python_resource(scope: CodeScope, source: Source) -> Resource | None:
    """Give what a file does that is judged; None where it does nothing of it."""
    prints = may_print(source.file.text)
    calls = list(
        source.module.calls(
            lambda name: _is_wanted(name) or (prints and (is_print(name) or fetches_secret(name))),
            keywords=frozenset({TRUST}),
        )
    )
    loads = loads_of(calls, fetched_paths(calls), written_paths(calls))
    fetches = fetches_of(calls, saved_paths(calls))
    exposures = exposures_of(calls, is_notebook=source.file.language is Language.NOTEBOOK)
    exposures += [*printed_secrets(calls), *open_mcp_servers(calls)]
    secrets = list(source.secrets())
    answers = list(run_answers(source.module.calls_with_origins(runs_text)))
    services = list(web_services(calls))
    if not (loads or fetches or exposures or services or secrets or answers):
        return None
    made = _Made(scope, source)
    for load in loads[:_MOST]:
        made.add("unsafe_loads", load.call, _load(load), "runs_code", load.why)
    for fetch in fetches[:_MOST]:
        if fetch.runs_code:
            made.add("remote_code", fetch.call, _code(fetch))
        if fetch.source or not fetch.runs_code:
            made.add("hub_downloads", fetch.call, _download(fetch), "is_pinned", fetch.why)
    for exposure in exposures[:_MOST]:
        made.add("exposures", exposure.call, _exposure(exposure))
    for service in services[:_MOST]:
        made.add_service(service)
    for answer in answers[:_MOST]:
        made.add("run_answers", answer.call, {"setting": f"what {answer.answer}() gives"})
    for line, kind, where in secrets[:_MOST]:
        made.put("secrets", line, 1, {"kind": kind, "what": f"{where}: {kind}"})
    scope.tally.add((TYPE, scope.name, ""), assessed=1)
    return made.resource()


def _load(load: Load) -> dict[str, Any]:
    item: dict[str, Any] = {
        "function": load.call.name,
        "origin": "outside" if load.is_outside else "not shown",
    }
    return item if load.runs_code is None else {**item, "runs_code": load.runs_code}


def _download(fetch: Fetch) -> dict[str, Any]:
    item: dict[str, Any] = {"function": fetch.call.name, "source": fetch.source}
    return item if fetch.is_pinned is None else {**item, "is_pinned": fetch.is_pinned}


def _code(fetch: Fetch) -> dict[str, Any]:
    return {"function": fetch.call.name, "source": fetch.source, "pinned": fetch.pinned}


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {"kind": exposure.kind, "setting": exposure.what}


class _Made:
    """The properties of one file, item by item, each with its place."""

    def __init__(self, scope: CodeScope, source: Source) -> None:
        self._scope, self._source = scope, source
        lists = (
            "unsafe_loads", "hub_downloads", "remote_code", "exposures", "web_services",
            "run_answers", "secrets",
        )  # fmt: skip
        self._items: dict[str, list[dict[str, Any]]] = {name: [] for name in lists}
        self._places: dict[str, str] = {}
        self._unread: dict[str, tuple[str, ...]] = {}

    def add(
        self, name: str, call: Call, item: Mapping[str, Any], asked: str = "", why: str = ""
    ) -> None:
        """Add a call; what of it is ``asked`` and not known is a gap."""
        said = item.get("source") or item.get("setting") or ""
        shown = f"{call.name.lstrip('?.')}" + (f" of {said}" if said else "")
        what = f"{self._source.shown(call.line)}: {shown}"
        self.put(name, call.line, call.column, {**item, "what": what})
        if asked and asked not in item:
            self._hide(f"{name}[].{asked}", call.line, why or f"{asked} is not known")

    def add_service(self, service: WebService) -> None:
        """Add a service that is deployed; what is not known of it is a gap."""
        said = {"is_authenticated": service.is_authenticated, "has_tls": service.has_tls}
        known = {name: value for name, value in said.items() if value is not None}
        self.add("web_services", service.call, {"service": service.what, **known})
        for name in said.keys() - known.keys():
            self._hide(f"web_services[].{name}", service.call.line, service.why)

    def put(self, name: str, line: int, column: int, item: Mapping[str, Any]) -> None:
        """Add an item that stands at a place."""
        items = self._items[name]
        self._places[f"{name}[{len(items)}]"] = self._source.place(line, column)
        self._places.setdefault(name, self._source.place(line, column))
        items.append(dict(item))

    def _hide(self, path: str, line: int, why: str) -> None:
        gap = make_gap(
            scope=self._scope.name,
            subject=f"{self._source.file.id}:{line}",
            wanted=path,
            reason=GapReason.UNRESOLVED,
            detail=f"{self._source.shown(line)}: {why}",
        )
        if path not in self._unread:  # one says it for all of the file
            self._scope.tally.gaps[gap.id] = gap
            self._unread[path] = (gap.id,)
            self._unread.setdefault(f"{path.partition('[')[0]}[]", (gap.id,))

    def resource(self) -> Resource:
        """Give the file with all that was added."""
        file = self._source.file
        # A script may write both, and is one file.
        is_written = self._source.is_notebook and not file.path.lower().endswith(".ipynb")
        first = min((int(place.split(":")[-2]) for place in self._places.values()), default=1)
        return Resource(
            id=f"{file.id}#{'notebook' if is_written else 'python'}",
            type=TYPE,
            provider="code",
            scope=self._scope.name,
            name=file.shown,
            properties={"path": file.shown, **self._items},
            unread=self._unread,
            origin=self._scope.origin(file, first),
            places=self._places,
        )
