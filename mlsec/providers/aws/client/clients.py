"""botocore clients, made once per account, region and service, that can only read."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import botocore.session
import msgspec
from botocore import xform_name
from botocore.config import Config
from botocore.utils import get_environ_proxies

from mlsec import __version__
from mlsec.collect.client.metered_botocore import meter_client
from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.connections import Connections, open_connections
from mlsec.providers.aws.client.request_replay import SERVICES, Line, Sent, make_line, sent_by
from mlsec.providers.aws.client.response_check import check_body, iso_utc
from mlsec.providers.aws.client.service_models import read_models_lean

_ACCOUNT_BEFORE_ADDRESS = re.compile(r"^(https?://)\d{12}\.(?=(\d+\.){3}\d+[:/]|localhost[:/])")


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Timeouts and how many connections one client may hold."""

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    connections: int = 64


class Clients:
    """Makes and keeps clients. One session per account; its model data is loaded once."""

    def __init__(
        self, sessions: Mapping[str, botocore.session.Session], settings: ClientSettings
    ) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], Any] = {}
        self._paging: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        self._lines: dict[tuple[str, str, str, str], Line | None] = {}
        self._settings = settings
        self._connections: dict[str, Connections] = {}
        self._seen = threading.local()
        self._config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=settings.connect_timeout_s,
            read_timeout=settings.read_timeout_s,
            # The plans' parameters are checked against the models by a contract test.
            parameter_validation=False,
            max_pool_connections=settings.connections,
            user_agent_extra=f"mlsec/{__version__}",
        )

    def client(self, scope: str, region: str, service: str) -> Any:
        """Give the client; making one is slow, and not thread-safe in botocore.

        Raises:
            botocore.exceptions.UnknownServiceError: this botocore does not know the service.
        """
        key = (scope, region, service)
        kept = self._kept.get(key)
        if kept is None:
            with self._lock:
                kept = self._kept.get(key)
                if kept is None:
                    session = self._sessions[scope]
                    kept = session.create_client(service, region_name=region, config=self._config)
                    self._connect(kept, scope)
                    if service in SERVICES:
                        kept.meta.events.register("before-sign", self._see)
                    self._kept[key] = kept
        return kept

    def release(self, scopes: Iterable[str]) -> None:
        """Close what is held for accounts that are asked nothing for a while; it is made anew."""
        done = frozenset(scopes)
        with self._lock:
            for key in [key for key in self._kept if key[0] in done]:
                self._kept.pop(key).close()
            for line in [key for key in self._lines if key[0] in done]:
                del self._lines[line]
            for scope in done & self._connections.keys():
                self._connections.pop(scope).close()

    def ask(
        self, place: tuple[str, str, str], model: Any, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make one request of an operation in a place (scope, region, service).

        Raises:
            ClientError: the service's refusal.
            BotoCoreError: the request could not be made or answered.
            MalformedAnswerError: the answer is none of this operation.
        """
        key = (*place, model.name)
        line = self._lines.get(key)
        if line is not None:
            answer = line.ask(params)
            if answer is not None:
                return answer
        self._seen.sent = None
        method = getattr(self.client(*place), xform_name(model.name))
        try:
            return dict(method(**params))
        finally:
            if key not in self._lines and self._seen.sent is not None:
                self._lines[key] = self._line(place, model, self._seen.sent, params)

    def line(self, place: tuple[str, str, str], operation: str) -> Line | None:
        """Give the short way to an operation, if it was asked before and has one."""
        return self._lines.get((*place, operation))

    def _line(
        self, place: tuple[str, str, str], model: Any, sent: Sent, params: Mapping[str, Any]
    ) -> Line | None:
        session = self._sessions[place[0]]
        protocol = model.service_model.resolved_protocol
        parser = session.get_component("response_parser_factory").create_parser(protocol)
        credentials = session.get_credentials()
        if credentials is None:
            return None
        with self._lock:
            transport = self._connections_of(place[0])
        frozen = credentials.get_frozen_credentials
        return make_line(model, sent, params, parser, frozen, transport)

    def _connect(self, client: Any, scope: str) -> None:
        """Let a new client use the connections of its account; through a proxy it has its own."""
        if get_environ_proxies(client.meta.endpoint_url):
            meter_client(client)
            return
        client._endpoint.http_session.close()
        client._endpoint.http_session = self._connections_of(scope)

    def _connections_of(self, scope: str) -> Connections:
        if scope not in self._connections:
            timeouts_s = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
            self._connections[scope] = open_connections(
                self._sessions[scope], timeouts_s, self._settings.connections
            )
        return self._connections[scope]

    def _see(self, **event: Any) -> None:
        self._seen.sent = sent_by(event)

    def paginator(self, scope: str, service: str, operation: str) -> Mapping[str, Any] | None:
        """Give the paging model of an operation, or None when it has none."""
        key = (service, operation)
        with self._lock:
            if key in self._paging:
                return self._paging[key]
            self._paging[key] = None
            try:
                paging = self._sessions[scope].get_paginator_model(service).get_paginator(operation)
            except (ValueError, botocore.exceptions.UnknownServiceError):
                return None
            except botocore.exceptions.DataNotFoundError:
                return None
            self._paging[key] = dict(paging)
            return self._paging[key]

    def regions_of(self, scope: str, service: str, partition: str) -> frozenset[str]:
        """Give the regions where botocore's endpoint data has the service; empty: it cannot say."""
        with self._lock:
            session = self._sessions[scope]
            return frozenset(session.get_available_regions(service, partition or "aws"))


def make_read_only(session: botocore.session.Session, allowed: frozenset[tuple[str, str]]) -> None:
    """Install the hooks: nothing outside ``allowed`` leaves the machine, no answer goes unchecked.

    ``allowed`` holds (service, operation) pairs.
    """

    def refuse(**seen: Any) -> None:
        model = seen["model"]
        asked = (model.service_model.service_name, model.name)
        if asked not in allowed:
            raise MlsecError(f"refused to call {asked[0]}:{asked[1]}: not in the table of reads")

    read_models_lean(session, allowed)
    # The models hold nothing of what is not in the table: a client has no method for it.
    session.register("getattr", _refuse_attribute)
    session.register("provide-client-params", refuse)
    session.register("before-call", refuse)
    session.register("before-parse", check_body)
    session.register("before-sign.s3-control", _without_account_host)
    factory = session.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=iso_utc, blob_parser=_as_text)


def _refuse_attribute(**event: Any) -> None:
    service, _, name = event["event_name"].removeprefix("getattr.").partition(".")
    if not name.startswith("_"):
        raise MlsecError(f"refused to call {service}:{name}: not in the table of reads")


def _without_account_host(**event: Any) -> None:
    """Drop the account that the SDK puts before the host: a bare address has no subdomains."""
    request = event["request"]
    request.url = _ACCOUNT_BEFORE_ADDRESS.sub(r"\1", request.url)


def _as_text(value: Any) -> str:
    """Keep a blob as the base64 text it came as."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
