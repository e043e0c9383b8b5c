"""The estate as an Azure on loopback: authority and Resource Manager, over TLS, behind faults."""

from __future__ import annotations

import base64
import json
import time
import traceback
from collections import Counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import msgspec

from mlsec.providers.azure.route import ProjectRead
from tests.estate.azure_graph import query
from tests.estate.azure_identify import Call, identify
from tests.estate.azure_refusals import AzureRefusals, ok, refusal
from tests.estate.azure_world import SERVER, TENANT, Subscription, World, type_of
from tests.estate.faults import Fault, Injector
from tests.estate.private_ca import private_authority
from tests.estate.wire import Answer, LoopbackServer, Request

_PAGE = 100


class AzureHandler:
    """One request's way through the injector to an answer."""

    def __init__(self, world: World, injector: Injector, page_size: int = 0) -> None:
        self.world, self.url = world, ""
        self._injector, self._page_size = injector, page_size or _PAGE
        self._rows = page_size or 1000
        self.unknown: list[str] = []
        # Type (lower case) -> the api-versions that this cloud knows instead of ours.
        self.versions: dict[str, str] = {}
        # After so many calls the subscriptions are no longer there; 0 for never.
        self.vanishes_after = 0

    async def __call__(self, request: Request) -> Answer:
        """Answer one request; a failure of ours is loud, never an answer of the estate."""
        call = identify(request)
        if call is None:
            self.unknown.append(f"{request.method} {request.target[:300]}")
            return Answer(status=501, body=b"the estate server does not know this request")
        refused = self._injector.before(call)
        if refused is not None:
            return msgspec.structs.replace(refused, delay_s=self._injector.latency_s)
        try:
            return self._injector.after(call, self._placed(self._answer(call)))
        except Exception as mistake:  # noqa: BLE001 - shown to the test that caused it
            self.unknown.append(f"{call.label}: {mistake!r}")
            traceback.print_exception(mistake)
            return Answer(status=501, body=b"the estate server failed")

    def _answer(self, call: Call) -> Answer:
        if call.service == "login":
            return self._login(call)
        if not call.request.headers.get("authorization", "").startswith("Bearer "):
            return refusal(401, "AuthenticationFailed", "The 'Authorization' header is missing.")
        operation = call.operation
        if operation is None:
            raise LookupError(call.label)
        if not all(self.world.may(action) for action in operation.right.split(",")):
            return AzureRefusals().denied(call)
        return self._special(call) or self._plain(call, is_listing=bool(operation.items))

    def _placed(self, answer: Answer) -> Answer:
        """Put this server's address where the world says that something is on it."""
        body = answer.body.replace(SERVER.encode(), self.url.encode())
        return msgspec.structs.replace(answer, body=body)

    def _login(self, call: Call) -> Answer:
        if call.label == "login:Discovery":
            base = f"{self.url}/{TENANT}"
            return ok(
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                }
            )
        claims = {"tid": TENANT, "oid": "0b000000-0000-4000-8000-00000000000b"}
        middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        token = f"e30.{middle}.{int(time.time())}"
        return ok({"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _special(self, call: Call) -> Answer | None:
        match call.label:
            case "resources:Subscriptions_List":
                return self._paged(call, [_shown(s) for s in self.world.subscriptions.values()])
            case "managementgroups:ManagementGroups_GetDescendants":
                return self._group(call)
            case "resourcegraph:Resources":
                return ok(query(self.world, call.request.body, min(1000, self._rows)))
        subscription = self.world.subscriptions.get(call.path.split("/")[2].lower())
        is_lost = bool(self.vanishes_after) and len(self._injector.calls) > self.vanishes_after
        if subscription is None or subscription.state == "Deleted" or is_lost:
            return refusal(404, "SubscriptionNotFound", "The subscription could not be found.")
        namespace = call.path.lower().rpartition("/providers/")[2].split("/")[0]
        if namespace in subscription.unregistered:
            text = f"The subscription is not registered to use namespace '{namespace}'."
            return refusal(409, "MissingSubscriptionRegistration", text)
        known = self.versions.get(type_of(call.path).lower())
        if known:
            text = (
                f"No registered resource provider found. The supported api-versions are '{known}'."
            )
            return refusal(400, "NoRegisteredProviderFound", text)
        match call.label:
            case "resources:Resources_List":
                return self._paged(call, self.world.tracked(subscription.id))
            case "authorization:Permissions_ListForSubscription":
                role = {"actions": list(self.world.actions), "notActions": []}
                return self._paged(call, [role])
        return None

    def _group(self, call: Call) -> Answer:
        members = self.world.groups.get(call.path.split("/")[4].lower())
        if members is None:
            return refusal(403, "AuthorizationFailed", "no such management group, or no right")
        kind = "Microsoft.Management/managementGroups/subscriptions"
        return self._paged(call, [{"name": name, "type": kind} for name in members])

    def _plain(self, call: Call, *, is_listing: bool) -> Answer:
        if isinstance(call.operation, ProjectRead):
            return self._of_project(call)
        if is_listing:
            listed = self.world.below(call.path)
            if listed is not None and "assignedTo" in call.query.get("$filter", ""):
                listed = self._assigned(call, listed)
            if listed is None:
                return refusal(404, "ParentResourceNotFound", "The parent could not be found.")
            return self._paged(call, listed)
        found = self.world.get(call.path)
        if found is None:
            return refusal(404, "ResourceNotFound", "The Resource could not be found.")
        return ok(found)

    def _assigned(self, call: Call, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep the role assignments that reach a principal, by its groups too."""
        principal = call.query["$filter"].split("'")[1].lower()
        reached = {principal, *self.world.memberships.get(principal, ())}
        return [each for each in listed if each["properties"]["principalId"].lower() in reached]

    def _of_project(self, call: Call) -> Answer:
        """Give a page as a project's own interface does: it names the last id."""
        listed = sorted(self.world.below(call.path) or [], key=lambda each: each["id"])
        shown = [each["agent"] for each in listed]
        names = [each["name"] for each in shown]
        start = names.index(call.query["after"]) + 1 if "after" in call.query else 0
        page = shown[start : start + self._page_size]
        document = {"object": "list", "data": page, "has_more": start + len(page) < len(shown)}
        if page:
            document |= {"first_id": page[0]["name"], "last_id": page[-1]["name"]}
        return ok(document)

    def _paged(self, call: Call, listed: list[dict[str, Any]]) -> Answer:
        start = int(call.query.get("$skipToken", "0"))
        document: dict[str, Any] = {"value": listed[start : start + self._page_size]}
        if start + self._page_size < len(listed):
            query = {**call.query, "$skipToken": str(start + self._page_size)}
            document["nextLink"] = f"{self.url}{call.path}?{urlencode(query)}"
        return ok(document)


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "displayName": subscription.name,
        "state": subscription.state,
        "tenantId": TENANT,
    }


class RunningAzure:
    """A server in a thread of this process and the means to break it."""

    def __init__(self, world: World, *, page_size: int = 0, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        self._injector = Injector(AzureRefusals(), latency_s=latency_s)
        self.handler = AzureHandler(world, self._injector, page_size)
        self._server = LoopbackServer(self.handler, private_authority().server).start()
        self.url = self.handler.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.stop()

    def environment(self) -> dict[str, str]:
        """Give the environment in which a client talks to this server and to nothing else."""
        return {
            "AZURE_RESOURCE_MANAGER_ENDPOINT": self.url,
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": "c1000000-0000-4000-8000-00000000000c",
            "AZURE_CLIENT_SECRET": "not-a-secret",
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "REQUESTS_CA_BUNDLE": str(private_authority().bundle),
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
