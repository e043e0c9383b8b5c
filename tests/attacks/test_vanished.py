"""A "not found" that hides what was there.

Who attacks: whoever can make one answer of an account be an error: who deletes and makes a thing
again while it is read, a proxy, a policy that turns a refusal into a 404. What they gain today: the
thing and its verdicts leave the report, or a policy that opens it counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlsec.collect.walk.client import Request, interpret
from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.core.resource import Gap
from mlsec.providers.aws.collect.reader import plans as aws_plans
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.gcp.tables import plans as gcp_plans
from mlsec.snapshot.records import Call, CallStatus

PLANS: tuple[TypePlan, ...] = (*aws_plans(), *azure_plans(), *gcp_plans())


def _absences() -> Iterator[tuple[str, Operation, str]]:
    """Give every code of absence of every operation: (its sense, the operation, the code)."""
    for plan in PLANS:
        for operation in (*((plan.listing,) if plan.listing else ()), *plan.reads):
            yield from (("gone", operation, code) for code in operation.gone)
            yield from (("not_set", operation, code) for code in operation.not_set)


def _asked(operation: Operation, code: str) -> object:
    request = Request(scope="aws/1", region="r", operation=operation, subject="thing")
    detail = f"{code}: some words"
    code = code.partition(": ")[0]
    call = Call(
        scope="aws/1", region="r", service=operation.service, operation=operation.name,
        params="{}", status=CallStatus.GAP, reason="unsupported", error_code=code,
        detail=detail,
    )  # fmt: skip
    return interpret(request, call, {})


@pytest.mark.parametrize(
    ("operation", "code"),
    [pytest.param(o, c, id=f"{o.label}-{c}") for sense, o, c in _absences() if sense == "gone"],
)
def test_what_was_listed_and_is_not_found_is_a_gap(operation: Operation, code: str) -> None:
    assert isinstance(_asked(operation, code), Gap)


def test_a_code_that_says_other_things_too_needs_its_message() -> None:
    ambiguous = {"ValidationException", "ValidationError", "InvalidParameter", "AccessDenied"}
    bare = {o.label for sense, o, code in _absences() if code in ambiguous}
    assert bare == set()


def test_a_listing_below_something_is_never_absent_by_an_error() -> None:
    """Its parent was listed, so an error about it is no empty list."""
    silent = {
        plan.listing.label
        for plan in PLANS
        if plan.parent and plan.listing is not None and plan.listing.not_set
    }
    assert silent == set()
