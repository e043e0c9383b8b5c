"""Whether some request meets a condition: the smallest cases of each operator and attribute."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core.enums import Truth
from mlsec.graph.ternary import Answer
from mlsec.providers.gcp.conditions.errors import NotUnderstoodError
from mlsec.providers.gcp.conditions.search import is_possible
from mlsec.providers.gcp.conditions.subjects import Project, class_of
from mlsec.providers.gcp.conditions.syntax import parse

NOW = datetime.datetime(2026, 11, 29, 12, 0, tzinfo=datetime.UTC)
PROJECT = Project(id="shop", number="111")
BUCKET = "projects/_/buckets/data"
TRUTHS = {Truth.TRUE: True, Truth.FALSE: False, Truth.UNKNOWN: None}


def told(condition: str, permission: str = "storage.objects.get", *names: str) -> bool | None:
    asked = class_of(permission, names or (BUCKET,), PROJECT)
    return TRUTHS[is_possible(condition, asked, NOW).truth]


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ('resource.name.startsWith("projects/_/buckets/")', True),
        ('resource.name.startsWith("projects/_/buckets/data/objects/drop/")', True),
        ('resource.name.startsWith("projects/_/buckets/da")', True),
        # Equal is not a beginning, and a beginning of the whole name is not one of a part.
        ('resource.name == "projects/_/buckets/dat"', False),
        ('resource.name == "projects/_/buckets/data"', False),
        ('resource.name == "projects/_/buckets/data/objects/a"', True),
        ('resource.name.startsWith("projects/_/buckets/data-2/")', False),
        ('resource.name.startsWith("projects/_/buckets/data/objectsX")', False),
        ('resource.name.endsWith(".csv") && !resource.name.startsWith("projects/_/buckets/data/")',
         False),
        ('resource.name.extract("buckets/{name}/") == "data"', True),
        ('resource.name.extract("buckets/{name}/") == "dat"', False),
        ('resource.name.extract("/objects/{team}/x/") == "ml"', True),
        ('resource.name in ["projects/_/buckets/data/objects/a", "x"]', True),
    ],
)  # fmt: skip
def test_name_is_compared_whole_and_as_the_operator_says(condition: str, is_met: bool) -> None:
    assert told(condition) is is_met


def test_bucket_and_object_are_told_apart_by_the_permission() -> None:
    name, kind = f'resource.name == "{BUCKET}"', 'resource.type == "storage.googleapis.com/Bucket"'
    assert told(name, "storage.objects.list") is told(kind, "storage.objects.list") is True
    assert told(name, "storage.objects.create") is told(kind, "storage.objects.create") is False
    assert told('resource.service == "storage.googleapis.com"') is True
    assert told('resource.type != "storage.googleapis.com/Object"') is False


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ('request.time < timestamp("2026-11-29T12:00:01Z")', True),
        ('request.time < timestamp("2026-11-29T12:00:00Z")', False),
        ('request.time > timestamp("2030-01-01T00:00:00Z")', True),
        (('request.time > timestamp("2030-01-01T00:00:00Z") && '
          'request.time < timestamp("2029-01-01T00:00:00Z")'), False),
        ('request.time < timestamp("2026-11-29T11:00:00Z") + duration("7200s")', True),
        ('request.time.getHours("Europe/Berlin") >= 9 && request.time.getDayOfWeek() == 1', True),
        ("request.time.getFullYear() == 2025", False),
        ("request.time.getDate() == 31 && request.time.getMonth() == 1", False),
        ("request.time.getDate() == 29 && request.time.getMonth() == 4", True),
    ],
)  # fmt: skip
def test_time_window_that_ended_is_closed(condition: str, is_met: bool) -> None:
    assert told(condition) is is_met


@pytest.mark.parametrize(
    ("roles", "is_met"),
    [('"roles/owner"', True), ('"roles/storage.objectViewer"', False),
     ('"roles/storage.objectViewer", "roles/editor"', True)],
)  # fmt: skip
def test_right_to_grant_only_harmless_roles_does_not_take_over_a_project(
    roles: str, is_met: bool
) -> None:
    condition = (
        f'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([{roles}])'
    )
    assert told(condition, "resourcemanager.projects.setIamPolicy", "projects/shop") is is_met


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ('resource.matchTag("1/env", "test")', None),
        ('"accessPolicies/1/accessLevels/a" in request.auth.access_levels', None),
        # What does not turn on the tag is known.
        ('resource.matchTag("1/env", "test") || !resource.matchTag("1/env", "test")', True),
        ('resource.hasTagKey("1/env") && resource.name.startsWith("projects/_/buckets/x")', False),
        # Only the proxy gives a path: elsewhere the condition fails.
        ('request.path.startsWith("/admin")', False),
        ("destination.port == 22", False),
        ("resource.name.matches('a.*')", None),
        ("resource.name == ", None),
        ('timestamp("never") < request.time', False),
        ('timestamp("never") < request.time || resource.name.endsWith("x")', True),
        # A part that only an apply can know.
        ('resource.name.startsWith("projects/_/buckets/‹var.b›")', None),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_known(condition: str, is_met: Any) -> None:
    assert told(condition) is is_met


def test_proxy_gives_what_the_caller_chooses() -> None:
    tunnel = "iap.tunnelInstances.accessViaIAP"
    assert told("destination.port == 22", tunnel) is True
    assert told("destination.port == 22 && destination.port > 30", tunnel) is False


def test_service_that_gives_conditions_no_names_leaves_them_open() -> None:
    repository = "projects/shop/locations/eu/repositories/images"
    pushes = "artifactregistry.repositories.uploadArtifacts"
    assert told(f'resource.name == "{repository}"', pushes, repository) is None
    assert told('resource.type == "storage.googleapis.com/Object"', pushes, repository) is False
    assert told(f'resource.name == "{repository}2"', pushes, repository) is False


def test_account_is_named_by_its_mail_or_number() -> None:
    owner = "projects/-/serviceAccounts/owner@shop.iam.gserviceaccount.com"
    condition = 'resource.name.extract("serviceAccounts/{who}@") == "owner"'
    assert told(condition, "iam.serviceAccounts.getAccessToken", owner) is True


@given(st.text(alphabet="ab.()[]!&|<>=\"'+-?: in,1 ", max_size=40))
def test_any_text_is_read_or_refused_and_always_answered(text: str) -> None:
    try:
        parse(text)
    except NotUnderstoodError:
        assert told(text or "x") is None
    else:
        asked = class_of("storage.objects.get", (BUCKET,), PROJECT)
        assert isinstance(is_possible(text, asked, NOW), Answer)
