"""What joined evidence lacks: the requests that one process would make now, and nobody made."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.parts import Question, question_of
from mlsec.collect.walk.client import CallResult, Request, SnapshotClient
from mlsec.core.resource import Gap
from mlsec.snapshot.facts import providers_of
from mlsec.snapshot.records import call_id
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from mlsec.vocabulary.types import Vocabulary


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What walking evidence showed.

    ``missing`` are the questions nobody asked, by scope. ``unasked`` are the ids of calls that the
    walk of all scopes together has no use for: a part knew less than the whole, and asked more.
    """

    missing: Mapping[str, tuple[Question, ...]]
    unasked: tuple[str, ...]


class NotingClient:
    """Answers from a snapshot, and notes what was asked and what nobody has an answer to."""

    in_flight = 1

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot, self._inner = snapshot, SnapshotClient(snapshot)
        self.asked: set[str] = set()
        self.missing: dict[str, Question] = {}

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the stored answer, or a gap where nothing was stored."""
        key = call_id(*request.key)
        self.asked.add(key)
        if self._snapshot.find(key) is None:
            self.missing[key] = question_of(request)
        return self._inner.ask(request)


def walk_evidence(snapshot: Snapshot, vocabulary: Vocabulary) -> Walked:
    """Walk all that a snapshot holds as collecting it would.

    Raises:
        MlsecError: the evidence is damaged.
    """
    client = NotingClient(snapshot)
    of_walks: set[tuple[str, str]] = set()
    for provider in providers_of(snapshot.meta()):
        walk = COLLECTORS[provider].walk if provider in COLLECTORS else None
        if walk is not None:
            labels = walk(client, snapshot, vocabulary)
            of_walks |= {(provider, label) for label in labels}
    missing: dict[str, list[Question]] = {}
    for key in sorted(client.missing):
        missing.setdefault(client.missing[key].scope, []).append(client.missing[key])
    unasked = tuple(
        call.id
        for call in snapshot.calls()
        if call.id not in client.asked
        and (call.scope.partition("/")[0], f"{call.service}:{call.operation}") in of_walks
    )
    return Walked(
        missing={scope: tuple(missing[scope]) for scope in sorted(missing)}, unasked=unasked
    )
