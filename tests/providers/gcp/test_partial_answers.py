"""What an answer says of itself that it is not whole, however a service says it, cuts the list."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.client import CallResult, Request
from mlsec.collect.walk.plan import Operation
from mlsec.providers.gcp.client.transport import GcpTransport
from mlsec.providers.gcp.collect.projects import Project, find_projects, find_regions
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.target import GcpTarget
from mlsec.snapshot.records import Call

_LIST = Operation(service="compute", name="ListNetworks", items="items", is_global=True)


class Says:
    """A session that gives one answer."""

    def __init__(self, body: bytes) -> None:
        self.status_code, self.content, self.headers = 200, body, {}

    def request(self, *_: Any, **__: Any) -> Says:
        return self


@pytest.mark.parametrize(
    "more",
    [
        b'"unreachable": ["a"]',
        b'"unreachableLocations": ["projects/p/locations/a"]',
        b'"missingZones": ["a"]',
        b'"warning": {"code": "UNREACHABLE"}',
    ],
)
@pytest.mark.parametrize("items", [b'"items": [{"name": "x"}], ', b""])
def test_list_that_is_not_the_whole_is_cut(more: bytes, items: bytes) -> None:
    routes = {_LIST.label: Route(path="compute/v1/projects/{project}/global/networks")}
    transport = GcpTransport(Says(b"{" + items + more + b"}"), routes, timeout_s=(1, 1))
    call = Call(scope="gcp/p", region="", service="compute", operation="ListNetworks", params="{}")
    page = transport.send(call, _LIST, {}, "")
    assert isinstance(page, Page)
    assert page.cut is not None


class Tells:
    """An asker that says the same of everything."""

    in_flight = 1

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def ask(self, request: Request) -> CallResult:
        del request
        return CallResult(document=self.document, call="c")


def test_project_that_names_no_location_was_not_looked_at_everywhere() -> None:
    asker = Tells({"locations": []})
    _, gaps = find_regions(asker, Project(id="p", number="1"), GcpTarget(projects=("p",)))
    assert [gap.detail for gap in gaps] == ["the answer names no location"]


def test_organisation_that_is_not_visible_may_have_more_projects() -> None:
    seen = {"organizations": [], "projects": [{"projectId": "p", "name": "projects/1"}]}
    found = find_projects(Tells(seen), "gcp/-")
    assert found.projects == ("p",)
    assert [gap.missing_right for gap in found.gaps] == ["resourcemanager.organizations.get"]
