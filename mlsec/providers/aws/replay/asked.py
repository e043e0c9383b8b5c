"""Which call of the table an HTTP request is, and what makes it the same call as a stored one."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import botocore.session
import msgspec
from botocore.serialize import create_serializer

from mlsec.snapshot.records import canonical

_SCOPE = re.compile(r"Credential=([^/,\s]{1,200})/[0-9]+/([^/]+)/([^/]+)/aws4_request")
# Names of page tokens and sizes where a service has no paging model.
_PAGING = ("NextToken", "nextToken", "Marker", "marker", "MaxResults", "maxResults")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request taken apart; ``key`` is equal for equal parameters, whatever the page."""

    model: Any
    region: str
    access_key: str
    key: bytes

    @property
    def label(self) -> tuple[str, str]:
        """Service and operation."""
        return self.model.service_model.service_name, self.model.name


class Operations:
    """The operations that can be asked: those of the table, with botocore's models."""

    def __init__(self, labels: Iterable[tuple[str, str]]) -> None:
        self._session = botocore.session.Session()
        self._models: dict[tuple[str, str], Any] = {}
        self._by_signing_name: dict[str, list[Any]] = {}
        self._paths: dict[tuple[str, str], tuple[re.Pattern[str], frozenset[Any]]] = {}
        for service, name in sorted(labels):
            model = self._session.get_service_model(service).operation_model(name)
            self._models[service, name] = model
            self._paths[service, name] = _pattern(model)
            self._by_signing_name.setdefault(model.service_model.signing_name, []).append(model)

    def identify(self, request: Request) -> Asked | None:
        """Give None for a request that is not signed or of no operation of the table."""
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        if scope is None:
            return None
        access_key, region, signing_name = scope.groups()
        fitting = [m for m in self._by_signing_name.get(signing_name, ()) if self._fits(m, request)]
        if not fitting:
            return None
        # A path may pass for a wider one: the most literal of them is meant.
        model = max(fitting, key=self._weight)
        return Asked(
            model=model, region=region, access_key=access_key, key=self._key(model, request)
        )

    def any_of_service(self, request: Request) -> Any:
        """Give some operation of the service that a request was signed for, or None."""
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        return next(iter(self._by_signing_name.get(scope[3], ())), None) if scope else None

    def stored_key(self, service: str, name: str, params: Mapping[str, Any]) -> bytes | None:
        """Give the key of a call with these parameters; None when it is not of the table."""
        model = self._models.get((service, name))
        if model is None:
            return None
        serializer = create_serializer(
            model.service_model.resolved_protocol, include_validation=False
        )
        made = serializer.serialize_to_request(dict(params), model)
        query, body = made["query_string"], made["body"]
        joined = query if isinstance(query, str) else urlencode(query, doseq=True)
        mark = "&" if "?" in made["url_path"] else "?"
        if isinstance(body, Mapping):
            body = urlencode(body)
        raw = body if isinstance(body, bytes) else str(body or "").encode()
        target = made["url_path"] + (mark + joined if joined else "")
        return self._key(model, Request(method=made["method"], target=target, headers={}, body=raw))

    def _fits(self, model: Any, request: Request) -> bool:
        protocol, service = model.service_model.resolved_protocol, model.service_model
        if protocol == "json":
            wanted = f"{service.metadata['targetPrefix']}.{model.name}"
            return request.headers.get("x-amz-target") == wanted
        if protocol in ("query", "ec2"):
            form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
            return (form.get("Action"), form.get("Version")) == (model.name, service.api_version)
        path, markers = self._paths[service.service_name, model.name]
        parts = urlsplit(request.target)
        asked = set(parse_qsl(parts.query, keep_blank_values=True))
        is_met = request.method == model.http["method"] and markers <= asked
        return is_met and path.fullmatch(parts.path.rstrip("/") or "/") is not None

    def _weight(self, model: Any) -> tuple[int, int, int]:
        path, markers = self._paths[model.service_model.service_name, model.name]
        return len(markers), -path.groups, len(path.pattern)

    def _key(self, model: Any, request: Request) -> bytes:
        paging = self._paging(model.service_model.service_name, model.name)
        parts = urlsplit(request.target)
        query = sorted(
            pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in paging
        )
        path = unquote(parts.path).rstrip("/")
        return canonical([path, query, _content(model, request.body, paging)])

    @functools.cache  # noqa: B019 - one of these lives as long as the server
    def _paging(self, service: str, name: str) -> frozenset[str]:
        """Name, as on the wire, what only says which page is wanted."""
        model = self._models[service, name]
        members = model.input_shape.members if model.input_shape is not None else {}
        named = set(_PAGING)
        try:
            config = self._session.get_paginator_model(service).get_paginator(name)
        except (ValueError, botocore.exceptions.DataNotFoundError):
            config = {}
        for key in ("input_token", "limit_key"):
            value = config.get(key) or ()
            named.update([value] if isinstance(value, str) else value)
        wire = {
            members[member].serialization.get("name", member)
            for member in named
            if member in members
        }
        return frozenset(named | wire)


def _pattern(model: Any) -> tuple[re.Pattern[str], frozenset[tuple[str, str]]]:
    path, _, query = model.http["requestUri"].partition("?")
    pieces = re.split(r"\{([^}]+)\}", path.rstrip("/") or "/")
    regex = re.escape(pieces[0])
    for label, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        regex += ("(.+)" if label.endswith("+") else "([^/]+)") + re.escape(literal)
    return re.compile(regex), frozenset(parse_qsl(query, keep_blank_values=True))


def _content(model: Any, body: bytes, paging: frozenset[str]) -> Any:
    if model.service_model.resolved_protocol in ("query", "ec2"):
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return sorted(pair for pair in form if pair[0] not in paging)
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return body.decode("utf-8", "replace")
    return (
        {k: v for k, v in document.items() if k not in paging}
        if isinstance(document, dict)
        else document
    )
