"""One request to a Google API: what leaves the machine, and which answers are believed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.gcp.client.classify import GoogleError, read_refusal, trouble_of
from mlsec.providers.gcp.client.transport import ENDPOINT, GcpTransport, address_of
from mlsec.providers.gcp.route import Place, Route
from mlsec.providers.gcp.tables import plans, routes, table_of
from mlsec.snapshot.records import Call
from tests.estate.gcp_refusals import info

_LIST = Operation(service="run", name="ListServices", items="services")
_CALL = Call(scope="gcp/p1", region="global", service="run", operation="ListServices")
_HERE = Place(project="p1", region="europe-west4")


class Reply(msgspec.Struct):
    content: bytes
    status_code: int = 200
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class Session(msgspec.Struct):
    """Answers every request with the same reply and remembers what was asked."""

    reply: Reply
    asked: list[tuple[str, str, dict[str, Any]]] = msgspec.field(default_factory=list)

    def request(self, method: str, url: str, **more: Any) -> Reply:
        self.asked.append((method, url, more))
        return self.reply


def sent(
    document: Any, *, route: Route | None = None, operation: Operation = _LIST, status: int = 200
) -> Page | CallFailure:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    session = Session(reply=Reply(content=body, status_code=status))
    chosen = route or Route(path="v2/projects/{project}/locations/-/services")
    transport = GcpTransport(session, {operation.label: chosen}, timeout_s=(1, 1))
    transport.numbers = {"100": "p1"}
    return transport.send(_CALL, operation, {}, "")


def test_every_route_only_reads() -> None:
    known = routes()
    assert [label for label in table_of(plans()) if not known[label].is_read] == []


@pytest.mark.parametrize(
    "route",
    [
        Route(path="v1/projects/{project}:delete", method="POST"),
        Route(path="v1/projects/{project}", method="DELETE"),
        Route(path="v1/projects/{project}:setIamPolicy", method="POST"),
    ],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_route_that_could_change_something_is_refused(route: Route) -> None:
    with pytest.raises(MlsecError, match="not in the table of reads"):
        sent({}, route=route)


def test_operation_without_a_route_is_refused() -> None:
    transport = GcpTransport(Session(reply=Reply(content=b"{}")), {}, timeout_s=(1, 1))
    with pytest.raises(MlsecError, match="not in the table of reads"):
        transport.send(_CALL, _LIST, {}, "")


@pytest.mark.parametrize(
    ("environment", "url", "host"),
    [
        ({}, "https://europe-west4-aiplatform.googleapis.com/v1/projects/p1/x", ""),
        (
            {ENDPOINT: "http://127.0.0.1:9/"},
            "http://127.0.0.1:9/v1/projects/p1/x",
            "europe-west4-aiplatform.googleapis.com",
        ),
        (
            {
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM": "https://aiplatform-x.p.googleapis.com/"
            },
            "https://aiplatform-x.p.googleapis.com/v1/projects/p1/x",
            "",
        ),
    ],
    ids=["as it is", "one address for all", "a private endpoint for one"],
)
def test_environment_puts_another_address_in_the_place_of_a_host(
    environment: dict[str, str], url: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    route = Route(host="{region-}aiplatform.googleapis.com", path="v1/projects/{project}/x")
    address = address_of(route, "aiplatform", _HERE, {})
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize("name", ["unreachable", "unreachables", "missingZones"])
def test_places_that_did_not_answer_make_a_list_incomplete(name: str) -> None:
    page = sent({"services": [{"name": "a"}], name: ["projects/p1/locations/asia-east1"]})
    assert isinstance(page, Page)
    assert page.document["services"] == [{"name": "a"}]
    assert page.cut is not None
    assert page.cut.reason is GapReason.TIMEOUT
    assert "asia-east1" in page.cut.detail


def test_aggregated_list_is_flattened_and_says_which_place_is_missing() -> None:
    places = {
        "regions/a": {"subnetworks": [{"name": "one"}]},
        "regions/b": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
        "regions/c": {"warning": {"code": "UNREACHABLE"}},
    }
    operation = Operation(service="compute", name="ListSubnetworks", items="items")
    route = Route(path="compute/v1/projects/{project}/aggregated/subnetworks",
                  aggregated="subnetworks")  # fmt: skip
    page = sent({"items": places}, route=route, operation=operation)
    assert isinstance(page, Page)
    assert page.document["items"] == [{"name": "one"}]
    assert page.cut is not None
    assert "regions/c" in page.cut.detail
    assert "regions/b" not in page.cut.detail


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b'{"services": [', b'{"other": 1}']
)
def test_body_that_is_none_of_this_answer_is_not_an_empty_list(body: bytes) -> None:
    trouble = sent(body)
    assert isinstance(trouble, CallFailure)
    assert trouble.reason is GapReason.MALFORMED
    assert trouble.is_worth_a_retry


def test_list_that_is_left_out_of_an_answer_is_empty() -> None:
    page = sent({"kind": "x#list", "etag": "1"})
    assert isinstance(page, Page)
    assert page.document["services"] == []


def refused(
    reason: str, *, message: str = "", status: int = 403, consumer: str = ""
) -> CallFailure:
    metadata = {"service": "run.googleapis.com"} | (
        {"consumer": f"projects/{consumer}"} if consumer else {}
    )
    error = {"code": status, "status": "PERMISSION_DENIED", "message": message,
             "details": [info(reason, **metadata)]}  # fmt: skip
    return trouble_of(read_refusal(status, {"error": error}), "p1", 0.0)


def test_list_of_a_service_that_is_off_is_not_offered_and_an_item_of_it_is_a_gap() -> None:
    why = info("SERVICE_DISABLED", service="run.googleapis.com", consumer="projects/100")
    error = {"error": {"code": 403, "status": "PERMISSION_DENIED", "details": [why]}}
    page = sent(error, status=403)
    assert isinstance(page, Page)
    assert not page.is_offered
    item = Operation(service="run", name="GetService")
    trouble = sent(error, status=403, operation=item)
    assert isinstance(trouble, CallFailure)
    assert "gcloud services enable run.googleapis.com --project p1" in trouble.detail
    window = Route(path="v2/projects/{project}/locations/-/services", is_window=True)
    assert isinstance(sent(error, status=403, route=window), CallFailure)


@pytest.mark.parametrize(
    ("trouble", "reason", "words"),
    [
        (refused("USER_PROJECT_DENIED", consumer="payer"), GapReason.DENIED,
         "may not let project payer pay"),
        (refused("SECURITY_POLICY_VIOLATED"), GapReason.DENIED, "from inside the perimeter"),
        (refused("CONSUMER_INVALID", consumer="p1"), GapReason.UNSUPPORTED, "projects undelete"),
        (refused("BILLING_DISABLED", consumer="p1"), GapReason.UNSUPPORTED, "billing is off"),
        (refused("SERVICE_DISABLED", consumer="payer"), GapReason.UNSUPPORTED, "which pays"),
        (refused("", message="The API requires a quota project, which is not set by default."),
         GapReason.UNSUPPORTED, "set-quota-project"),
        (refused("IAM_PERMISSION_DENIED"), GapReason.DENIED, "IAM_PERMISSION_DENIED"),
        (refused("RATE_LIMIT_EXCEEDED"), GapReason.THROTTLED, "throttled"),
    ],
    ids=lambda value: value.code if isinstance(value, CallFailure) else "",
)  # fmt: skip
def test_refusal_says_what_a_person_can_do(
    trouble: CallFailure, reason: GapReason, words: str
) -> None:
    assert trouble.reason is reason
    assert words in trouble.detail


def test_older_form_of_an_error_is_understood() -> None:
    error = {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}], "message": "x"}}
    assert trouble_of(read_refusal(403, error), "p1", 2.0).retry_after_s == 2.0
    assert trouble_of(read_refusal(403, error), "p1", 2.0).slows


@pytest.mark.parametrize("status", [500, 502, 504])
def test_server_that_fails_is_asked_again(status: int) -> None:
    trouble = trouble_of(GoogleError(status=status), "p1", 0.0)
    assert trouble.is_worth_a_retry
    assert trouble.detail.startswith("server error")


def test_missing_right_of_the_payer_is_named_in_place_of_the_operations() -> None:
    assert refused("USER_PROJECT_DENIED").right == "serviceusage.services.use"
