"""Paging as botocore's models describe it: which token goes where, and what the pages continue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.paths import MISSING, dig

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


class Paging:
    """How one operation gives its pages; ``config`` is a paginator's model, None without one."""

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
        self.lists = tuple(keys or ([items] if items and _PLAIN.match(items) else []))
        self._limit = _limit_of(config.get("limit_key"), members)

    def first(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Give the parameters of the first page, with the largest page the service allows."""
        return {**self._limit, **params}

    def following(self, page: Mapping[str, Any]) -> dict[str, Any]:
        """Give the parameters to add for the page after this one; none at the end."""
        if self._more and not dig(page, self._more):
            return {}
        tokens = {
            name: _search(path, page)
            for name, path in zip(self._inputs, self._outputs, strict=False)
        }
        return {name: token for name, token in tokens.items() if token}

    def without_tokens(self, page: Mapping[str, Any], *, fills_empty: bool) -> dict[str, Any]:
        """Give a page without what only leads to the next; ``fills_empty`` adds empty lists."""
        tokens = {name for name in (*self._outputs, self._more) if _PLAIN.match(name)}
        document = {name: value for name, value in page.items() if name not in tokens}
        for path in self.lists:
            if fills_empty and "." not in path:
                document.setdefault(path, [])
        return document


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
