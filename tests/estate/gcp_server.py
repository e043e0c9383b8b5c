"""The estate as Google Cloud on loopback: token server and REST APIs, behind the fault injector."""

from __future__ import annotations

import re
import traceback
from collections import Counter
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.estate.faults import Fault, Injector
from tests.estate.gcp_discovery import Method, api, api_name
from tests.estate.gcp_identify import Call, identify
from tests.estate.gcp_refusals import GcpRefusals, info, ok, refusal
from tests.estate.gcp_sign_in import a_token, key_file
from tests.estate.gcp_tellers import TELLERS, told_in_numbers
from tests.estate.gcp_world import PROJECT, Thing, World
from tests.estate.wire import Answer, LoopbackServer, Request

_PAGE = 100
_COMMON = {"alt", "fields", "key", "prettyPrint", "quotaUser", "access_token", "userProject"}
_POLICY = re.compile(r"(:getIamPolicy|/getIamPolicy|(?<=^b)/([^/]+)/iam)$")


class GcpHandler:
    """One request's way through the injector to an answer."""

    def __init__(self, world: World, injector: Injector, page_size: int = 0) -> None:
        self.world = world
        self._injector, self._page_size = injector, page_size or _PAGE
        self.unknown: list[str] = []

    async def __call__(self, request: Request) -> Answer:
        """Answer one request; a failure of ours is loud, never an answer of the estate."""
        call = identify(request)
        if call is None:
            host = request.headers.get("host", "")
            self.unknown.append(f"{request.method} {host} {request.target[:300]}")
            return Answer(status=501, body=b"the estate server does not know this request")
        refused = self._injector.before(call)
        if refused is not None:
            return msgspec.structs.replace(refused, delay_s=self._injector.latency_s)
        try:
            return self._injector.after(call, self._answer(call))
        except Exception as mistake:  # noqa: BLE001 - shown to the test that caused it
            self.unknown.append(f"{call.label}: {mistake!r}")
            traceback.print_exception(mistake)
            return Answer(status=501, body=b"the estate server failed")

    def _answer(self, call: Call) -> Answer:
        if call.service == "login":
            return ok(a_token())
        if not call.request.headers.get("authorization", "").startswith("Bearer "):
            return refusal(401, "UNAUTHENTICATED", "Request is missing required credential.")
        method = self._method(call)
        path = self.world.by_number(_below_version(call))
        refused = self._project_refusal(call, path)
        if refused is not None:
            return refused
        is_of_places = method.id.endswith(".locations.list")
        mapper = TELLERS.get("ListLocations" if is_of_places else call.label)
        document = mapper(self.world, call, path) if mapper else self._plain(call, path)
        if document is None:
            return refusal(404, "NOT_FOUND", f"Resource '{path}' was not found")
        has_pages = "pageToken" in method.parameters
        return ok(self._paged(call, document) if has_pages else document)

    def _method(self, call: Call) -> Method:
        """Hold the request to Google's own description of the API."""
        found = api(api_name(call.service, call.path)).find(call.request.method, call.path)
        if found is None:
            raise LookupError(f"{call.service} has no {call.request.method} {call.path}")
        unknown = call.query.keys() - found.parameters.keys() - _COMMON
        if unknown:
            raise LookupError(f"{found.id} takes no {sorted(unknown)}")
        return found

    def _project_refusal(self, call: Call, path: str) -> Answer | None:
        found = re.match(r"projects/([^/:]+)", path)
        name = found[1] if found else call.asked("project")
        project = self.world.projects.get(name)
        if project is None:
            is_about_one = bool(name) and call.service != "cloudasset"
            text = f"Permission denied on resource project {name} (or it may not exist)."
            denied = info("IAM_PERMISSION_DENIED")
            return refusal(403, "PERMISSION_DENIED", text, denied) if is_about_one else None
        if call.service in self.world.payer_lacks:
            host = f"{call.service}.googleapis.com"
            text = f"The {host} API requires a quota project, which is not set by default."
            why = info("SERVICE_DISABLED", service=host, consumer="projects/764086051850")
            return refusal(403, "PERMISSION_DENIED", text, why)
        if call.service in project.disabled:
            host = f"{call.service}.googleapis.com"
            unused = f"has not been used in project {project.number} before or it is disabled"
            text = f"{host} API {unused}."
            why = info("SERVICE_DISABLED", service=host, consumer=f"projects/{project.number}")
            return refusal(403, "PERMISSION_DENIED", text, why)
        if project.state == "DELETED":
            why = info("CONSUMER_INVALID", consumer=f"projects/{project.number}")
            return refusal(403, "PERMISSION_DENIED", "Project has been deleted.", why)
        return None

    def _plain(self, call: Call, path: str) -> dict[str, Any] | None:
        policy = _POLICY.search(path)
        if policy:
            owner = path[: policy.start()] + (f"/{policy[2]}" if policy[2] else "")
            thing = self._there(call.service, owner)
            told = self.world.told.get((call.service, path))
            if told is not None:
                return dict(told.body)
            return {"etag": "BwY=", "version": 1, **(thing.policy or {})} if thing else None
        items = call.operation.items if call.operation else ""
        if items:
            return self._listed(call, path, items)
        thing = self._there(call.service, path)
        if thing is not None:
            return self._shown(thing)
        told = self.world.told.get((call.service, path))
        return dict(told.body) if told else None

    def _there(self, service: str, path: str) -> Thing | None:
        return None if path in self.world.vanished else self.world.things.get((service, path))

    def _listed(self, call: Call, path: str, items: str) -> dict[str, Any]:
        told = self.world.told.get((call.service, path))
        if told is not None:
            return dict(told.body)
        project = call.asked("project") or PROJECT
        if "/aggregated/" in path:
            parts = path.split("/")
            found = self.world.aggregated(call.service, parts[1], parts[-1])
            places = {
                place: {parts[-1]: [self._shown(each) for each in things]}
                for place, things in found.items()
            }
            return {"items": places, "kind": "compute#aggregatedList"}
        shown = [self._shown(each) for each in self.world.below(call.service, path, project)]
        return {items: shown} if shown else {}

    def _shown(self, thing: Thing) -> dict[str, Any]:
        return told_in_numbers(self.world, thing.service, dict(thing.body))

    def _paged(self, call: Call, document: dict[str, Any]) -> dict[str, Any]:
        items = call.operation.items if call.operation else ""
        listed = document.get(items)
        if not isinstance(listed, list):
            return document
        size = int(call.asked("pageSize") or call.asked("maxResults") or _PAGE)
        token = call.asked("pageToken") or ""
        size, start = min(size, self._page_size), int(token) if token.isdecimal() else 0
        page = {**document, items: listed[start : start + size]}
        if start + size < len(listed):
            page["nextPageToken"] = str(start + size)
        return page


def _below_version(call: Call) -> str:
    return re.sub(r"^(?:[a-z]+/)?v\d+(?:(?:alpha|beta)\d*)?/", "", call.path)


class RunningGcp:
    """A server in a thread of this process and the means to break it."""

    def __init__(self, world: World, *, page_size: int = 0, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        self._injector = Injector(GcpRefusals(), latency_s=latency_s)
        self.handler = GcpHandler(world, self._injector, page_size)
        self._server = LoopbackServer(self.handler).start()
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.stop()

    def environment(self) -> dict[str, str]:
        """Give the environment in which a client talks to this server and to nothing else."""
        return {
            "MLSEC_GCP_ENDPOINT": self.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(key_file(self.url)),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "CLOUDSDK_CONFIG": "/nonexistent",
            "NO_GCE_CHECK": "true",
        }

    def set_faults(self, *faults: Fault, latency_s: float = 0.0) -> None:
        """Replace the faults and forget what was asked so far."""
        self._injector.set_faults(faults)
        self._injector.latency_s = latency_s or self._latency_s

    def counts(self) -> Counter[str]:
        """Count the calls by ``service:Operation`` since the faults were last set."""
        return self._injector.counts()

    def calls(self) -> list[tuple[str, str]]:
        """Give every call (label, region) in order."""
        return list(self._injector.calls)

    def struck(self) -> Counter[str]:
        """Count the calls that a fault struck."""
        return Counter(self._injector.struck)

    def mistakes(self) -> list[str]:
        """Give what the server did not know or failed at; empty when all is well."""
        return list(self.handler.unknown)
