"""Put the estate into the emulator through boto3, in an order that gives the same ids each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import msgspec
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from tests.estate.model import HOME, Estate
from tests.estate.wire import Answer, Request


class Ids(msgspec.Struct, kw_only=True):
    """Identifiers that the emulator gave out while seeding."""

    vpc: str = ""
    subnets: list[str] = msgspec.field(default_factory=list)
    closed_group: str = ""
    open_group: str = ""
    keys: dict[str, str] = msgspec.field(default_factory=dict)  # deployment or purpose -> key ARN
    notes: dict[str, str] = msgspec.field(default_factory=dict)  # anything else, by a clear name


class Clients:
    """boto3 clients whose requests go straight to ``send``, without a socket."""

    def __init__(self, send: Callable[[Request], Answer]) -> None:
        self._send = send
        self._session = boto3.session.Session(
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="seed",
        )
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = HOME) -> Any:
        """Give the client of one service."""
        key = (service, region)
        if key not in self._made:
            config = Config(retries={"max_attempts": 0}, parameter_validation=True)
            client = self._session.client(
                service, region, config=config, endpoint_url="http://127.0.0.1:9"
            )
            client.meta.events.register("before-send", self._answer)
            self._made[key] = client
        return self._made[key]

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        headers = {
            k.lower(): v.decode() if isinstance(v, bytes) else str(v)
            for k, v in request.headers.items()
        }
        host, _, path = request.url.split("://", 1)[1].partition("/")
        headers.setdefault("host", host)
        raw = body.encode() if isinstance(body, str) else bytes(body)
        given = self._send(
            Request(method=request.method, target=f"/{path}", headers=headers, body=raw)
        )
        return AWSResponse(request.url, given.status, dict(given.headers), _Body(given.body))


class _Body:
    """The part of urllib3's response that botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._content

    def read(self, *_: Any, **__: Any) -> bytes:
        content, self._content = self._content, b""
        return content


def seed(estate: Estate, send: Callable[[Request], Answer]) -> Ids:
    """Create everything the emulator can hold."""
    from tests.estate.seed_company import seed_company  # noqa: PLC0415
    from tests.estate.seed_default import seed_default  # noqa: PLC0415
    from tests.estate.seed_deployment import seed_deployment  # noqa: PLC0415
    from tests.estate.seed_story import seed_story  # noqa: PLC0415
    from tests.estate.seed_written import seed_written  # noqa: PLC0415

    clients, ids = Clients(send), Ids()
    if estate.is_written:
        seed_written(clients)
        return ids
    if estate.is_default:
        seed_default(clients)
        return ids
    seed_company(clients, ids)
    for deployment in estate.deployments:
        seed_deployment(clients, ids, deployment)
    if estate.has_story:
        seed_story(clients, ids)
    return ids
