"""Paging as botocore's models describe it: which token goes where, and pages merged into one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.call_failure import MalformedAnswerError
from mlsec.collect.walk.paths import MISSING, dig
from mlsec.snapshot.records import canonical

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
_TOKEN_PAIRS = (
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("Marker", "NextMarker"),
    ("Marker", "Marker"),
    ("NextMarker", "NextMarker"),
)
_MOST_PER_PAGE = 1000
# Limits that the service documents and botocore's model leaves out; GetResources gives 50 unasked.
_UNSAID_LIMITS = {"ResourcesPerPage": 100}
# A page that comes twice is asked past; a service that is stuck is left.
_MOST_REPEATS = 3


class Pager:
    """Merges the pages of one call; ``config`` is a paginator's model, or None when there is none.

    Lists under the result keys are joined, freed of duplicates and put in canonical order, so that
    neither page size nor the order of answers shows in the evidence.
    """

    def __init__(self, config: Mapping[str, Any] | None, operation: Any, items: str) -> None:
        members = operation.input_shape.members if operation.input_shape else {}
        outputs = operation.output_shape.members if operation.output_shape else {}
        if config is None:
            pair = next((p for p in _TOKEN_PAIRS if p[0] in members and p[1] in outputs), None)
            config = {"input_token": pair[0], "output_token": pair[1]} if pair else {}
        self._inputs = _as_list(config.get("input_token"))
        self._outputs = _as_list(config.get("output_token"))
        self._more = config.get("more_results", "")
        keys = [key for key in _as_list(config.get("result_key")) if _PLAIN.match(key)]
        self._keys = keys or ([items] if items and _PLAIN.match(items) else [])
        self._limit = _limit_of(config.get("limit_key"), members)
        self._seen: dict[bytes, int] = {}
        self.document: dict[str, Any] | None = None

    def first(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Give the parameters of the first page, with the largest page the service allows."""
        return {**self._limit, **params}

    def absorb(self, page: dict[str, Any], *, fills_empty: bool) -> dict[str, Any] | None:
        """Merge a page; give the parameters to add for the next one, or None at the end.

        Raises:
            MalformedAnswerError: the service gives the same token for ever.
        """
        tokens = self._next(page)
        for name in [*self._outputs, self._more]:
            if _PLAIN.match(name):
                page.pop(name, None)
        for key in self._keys:
            if fills_empty and dig(page, key) is MISSING and "." not in key:
                page[key] = []
        if self.document is None:
            self.document = page
        else:
            self._join(self.document, page)
        if tokens is None:
            return None
        mark = canonical(tokens)
        self._seen[mark] = self._seen.get(mark, 0) + 1
        if self._seen[mark] > _MOST_REPEATS:
            raise MalformedAnswerError("the same page token was given again and again")
        return tokens

    def merged(self) -> dict[str, Any]:
        """Give the one document of all pages so far."""
        document = self.document or {}
        for key in self._keys:
            listed = dig(document, key)
            if isinstance(listed, list):
                unique = {canonical(item): item for item in listed}
                listed[:] = [unique[mark] for mark in sorted(unique)]
        return document

    def restart(self) -> None:
        """Forget the pages so far."""
        self.document = None
        self._seen.clear()

    def _next(self, page: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self._inputs or (self._more and not dig(page, self._more)):
            return None
        tokens = {
            name: _search(path, page)
            for name, path in zip(self._inputs, self._outputs, strict=False)
        }
        if not any(tokens.values()):
            return None
        return {name: token for name, token in tokens.items() if token}

    def _join(self, whole: dict[str, Any], page: Mapping[str, Any]) -> None:
        for key in self._keys:
            more = dig(page, key)
            if not isinstance(more, list):
                continue
            listed = dig(whole, key)
            if isinstance(listed, list):
                listed.extend(more)
            elif "." not in key:
                whole[key] = more


def _search(path: str, page: Mapping[str, Any]) -> Any:
    if _PLAIN.match(path):
        value_at = dig(page, path)
        return None if value_at is MISSING else value_at
    # botocore's own dependency, for the few odd token paths.
    import jmespath  # type: ignore[import-untyped]  # noqa: PLC0415

    return jmespath.search(path, page)


def _limit_of(name: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(name, str) or name not in members:
        return {}
    most = members[name].metadata.get("max", _UNSAID_LIMITS.get(name))
    if not isinstance(most, int):
        return {}
    limit = min(most, _MOST_PER_PAGE)
    return {name: str(limit) if members[name].type_name == "string" else limit}


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
