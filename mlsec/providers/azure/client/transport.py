"""Requests to Azure Resource Manager through azure-core's pipeline: only reads of the table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from requests.exceptions import RequestException

from mlsec import __version__
from mlsec.collect.client.answer import decode_json
from mlsec.collect.client.metered_requests import make_metered
from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.azure.client.classify import (
    classify_refusal,
    failure,
    refusal_of,
    unparsable,
    why_not_offered,
)
from mlsec.providers.azure.client.clouds import Cloud
from mlsec.providers.azure.client.quota import Quota
from mlsec.providers.azure.route import (
    ArmRead,
    ProjectRead,
    address,
    body_of,
    project_address,
)
from mlsec.snapshot.records import Call, canonical


class TransportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Timeouts of one request, and how many connections are kept open."""

    connect_timeout_s: float
    read_timeout_s: float
    connections: int


class ArmTransport:
    """Sends the reads of plans and discovery; other paths cannot be requested."""

    def __init__(
        self, cloud: Cloud, credential: TokenCredential, settings: TransportSettings
    ) -> None:
        logging.getLogger("azure").setLevel(logging.CRITICAL)
        self._cloud, self._quota = cloud, Quota()
        sender = RequestsTransport(
            connection_timeout=settings.connect_timeout_s, read_timeout=settings.read_timeout_s
        )
        sender.open()
        # Retries are done by the caller: the budget must see every refusal.
        make_metered(sender.session, settings.connections)

        def client(audience: str) -> PipelineClient[HttpRequest, HttpResponse]:
            return PipelineClient(
                base_url=cloud.manager,
                transport=sender,
                policies=[
                    UserAgentPolicy(base_user_agent=f"mlsec/{__version__}"),
                    BearerTokenCredentialPolicy(credential, f"{audience}/.default"),
                ],
            )

        self._client = client(cloud.audience)
        # A token for one is not valid for the other.
        self._projects = client(cloud.projects_audience or cloud.audience)

    def close(self) -> None:
        """Close the connections and release waiting threads."""
        self._quota.stop()
        self._client.close()

    def send(
        self, call: Call, operation: Operation, params: Mapping[str, Any], token: str
    ) -> Page | CallFailure:
        """Request one page; ``token`` is the whole address of the next one, or a skip token."""
        if not isinstance(operation, ArmRead):
            raise MlsecError(f"refused to call {operation.label}: it is not a read of Azure's")
        if isinstance(operation, ProjectRead):
            foreign = refused_host(str(params.get("endpoint", "")), self._cloud)
            if foreign is not None:
                return foreign
        try:
            return self._send(_request(self._cloud, call, operation, params, token), operation)
        except (AzureError, RequestException, OSError) as error:
            return failure(error)

    def _send(self, request: HttpRequest, operation: ArmRead) -> Page | CallFailure:
        is_graph = operation.method == "POST"
        if is_graph:
            self._quota.wait()
        client = self._projects if isinstance(operation, ProjectRead) else self._client
        answer = client.send_request(request)
        if is_graph:
            self._quota.learn(answer.headers)
        if answer.status_code == 401:
            # The pipeline has thrown the token away: the next request asks for a fresh one.
            answer = client.send_request(request)
        body = answer.read()
        if answer.status_code == 200:
            return self._page(body, operation)
        refusal = refusal_of(answer.status_code, answer.headers, body)
        why = why_not_offered(refusal, operation.right)
        if why:
            return Page(is_offered=False, why=why)
        return classify_refusal(refusal)

    def _page(self, body: bytes, operation: ArmRead) -> Page | CallFailure:
        document = decode_json(body)
        if not isinstance(document, dict) or not document:
            return unparsable()
        if not operation.items:
            return Page(document=document)
        if isinstance(operation, ProjectRead):
            return _page_of_project(document)
        next_link, skip_token = document.pop("nextLink", None), document.pop("$skipToken", None)
        if next_link and not is_same_host(str(next_link), self._cloud.manager):
            return CallFailure(reason=GapReason.MALFORMED, code="ForeignPage",
                           detail="the next page is said to be on another host")  # fmt: skip
        # The row count of a page depends on paging only.
        document.pop("count", None)
        is_cut = str(document.pop("resultTruncated", "")).lower() == "true" and not skip_token
        cut = CallFailure(
            reason=GapReason.OVER_LIMIT, code="Truncated", detail="rows were left out"
        )
        token = str(next_link or skip_token or "")
        return Page(document=document, token=token, cut=cut if is_cut else None)


def refused_host(endpoint: str, cloud: Cloud) -> CallFailure | None:
    """Give why a project's address is refused; None if it is a host of the cloud.

    The address comes from Resource Manager; tokens are sent to the cloud's own hosts only. A
    private cloud has its projects where its manager is.
    """
    if cloud.is_private and is_same_host(endpoint, cloud.manager):
        return None
    if not cloud.projects:
        return CallFailure(reason=GapReason.UNSUPPORTED, code="UnknownHosts",
                       detail="where this cloud has AI Foundry projects is not known")  # fmt: skip
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "https" and host.endswith(cloud.projects) and parts.netloc == host:
        return None
    return CallFailure(reason=GapReason.MALFORMED, code="ForeignHost",
                   detail="the project's address is not a host of this cloud")  # fmt: skip


def _page_of_project(document: dict[str, Any]) -> Page | CallFailure:
    """Parse a page of a project's list; it has the last id if there is more."""
    has_more, last = document.pop("has_more", False), document.pop("last_id", None)
    for name in ("first_id", "object"):
        document.pop(name, None)
    if "data" not in document or (has_more and not last):
        return unparsable()
    return Page(document=document, token=str(last) if has_more else "")


def is_same_host(link: str, manager: str) -> bool:
    """Whether a link is on the manager's host; tokens are sent nowhere else."""
    ours, theirs = urlsplit(manager), urlsplit(link)
    try:
        is_same_port = (theirs.port or 443) == (ours.port or 443)
    except ValueError:
        return False
    return theirs.scheme == "https" and theirs.hostname == ours.hostname and is_same_port


def _request(
    cloud: Cloud, call: Call, operation: ArmRead, params: Mapping[str, Any], token: str
) -> HttpRequest:
    headers = {"Accept": "application/json"}
    subscription = call.scope.partition("/")[2]
    if isinstance(operation, ProjectRead):
        return HttpRequest("GET", project_address(operation, params, token), headers=headers)
    if operation.method == "GET":
        url = token or cloud.manager + address(operation, subscription, params)
        return HttpRequest("GET", url, headers=headers)
    body = body_of(operation, params) or {}
    if token:
        options = {**body.get("options", {}), "$skipToken": token}
        body = {**body, "options": options}
    url = cloud.manager + address(operation, subscription, params)
    headers["Content-Type"] = "application/json"
    return HttpRequest(operation.method, url, headers=headers, content=canonical(body))
