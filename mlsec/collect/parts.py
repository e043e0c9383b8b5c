"""A target taken apart: scopes that are collected apart, and questions that are asked later."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.folders.entry import Within
from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.plan import Operation
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.core.sanitize import visible
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.store import Snapshot


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One scope of a target, as a target of its own.

    ``role_arn`` is assumed to read it. ``lane`` names what its requests are limited by together
    with those of other parts. Of a bucket, only what lies ``within`` is read.
    """

    scope: str
    target: str
    lane: str
    role_arn: str = ""
    within: Within = Within.ALL


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request by the names that its call is stored under; ``params`` is canonical JSON."""

    scope: str
    region: str
    service: str
    operation: str
    params: str = "{}"


def question_of(request: Request) -> Question:
    """Give the question that a request asks."""
    scope, region, service, operation, params = request.key
    return Question(scope=scope, region=region, service=service, operation=operation, params=params)


def leave_open(snapshot: Snapshot, questions: Iterable[Question], gap: Gap) -> None:
    """Store of questions that nobody could ask why that is."""
    for asked in questions:
        call = Call(
            scope=asked.scope, region=asked.region, service=asked.service,
            operation=asked.operation, params=asked.params, status=CallStatus.GAP,
            reason=gap.reason.value, right=gap.missing_right, detail=gap.detail,
        )  # fmt: skip
        snapshot.record(call, None)


def ask_all(client: Client, table: dict[str, Operation], questions: tuple[Question, ...]) -> None:
    """Ask a live client, which stores every answer.

    Raises:
        MlsecError: an operation that no plan has.
    """
    # Takes time to import, and only parts of a fleet's scan ask so.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    requests = [_request(table, question) for question in questions]
    with ThreadPoolExecutor(min(client.in_flight, max(1, len(requests)))) as pool:
        for _ in pool.map(client.ask, requests):
            pass


def _request(table: dict[str, Operation], question: Question) -> Request:
    operation = table.get(f"{question.service}:{question.operation}")
    if operation is None:
        named = visible(f"{question.service}:{question.operation}", 100)
        raise MlsecError(f"no plan asks {named}", hint="the scan was begun by another mlsec")
    return Request(
        scope=question.scope,
        region=question.region,
        operation=operation,
        params=msgspec.json.decode(question.params),
    )
