"""A client that asks each service of a scope one question: whether a scan would be answered."""

from __future__ import annotations

import threading

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request
from mlsec.collect.walk.item import Scope
from mlsec.core.resource import Gap


class TrialClient:
    """Passes on the first request to each service of each scope; to the others nothing is there.

    A walk lists before it describes, so that this is a listing and nothing is read of an item.
    """

    def __init__(self, inner: Client) -> None:
        self.in_flight = inner.in_flight
        self._inner = inner
        self._asked: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the answer of a service that was not asked before, or that there is nothing."""
        key = (request.scope, request.operation.service)
        with self._lock:
            is_first = key not in self._asked and bool(request.operation.items)
            if is_first:
                self._asked.add(key)
        if is_first:
            return self._inner.ask(request)
        return CallResult(document={}, call="", is_offered=False)


def at_home(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """Give the scopes with one region each: their home where it is one to read."""
    return tuple(
        msgspec.structs.replace(
            scope, regions=(scope.home,) if scope.home in scope.regions else scope.regions[:1]
        )
        for scope in scopes
    )
