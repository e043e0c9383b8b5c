"""A loopback AWS that says exactly what a test wrote down, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import botocore.session
import msgspec

from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.client import Request
from mlsec.collect.walk.plan import Operation
from mlsec.providers.aws.client.client import AwsClient
from mlsec.providers.aws.client.clients import Clients, ClientSettings, make_read_only
from mlsec.snapshot.store import Snapshot

SCOPE = "aws/111122223333"
LIST = Operation(service="sagemaker", name="ListModels", items="Models")
DESCRIBE = Operation(
    service="sagemaker", name="DescribeModel", params={"ModelName": "$.ModelName"},
    gone=("ValidationException",), redact=("PrimaryContainer.Environment.*",),
)  # fmt: skip
BUCKETS = Operation(service="s3", name="ListBuckets", items="Buckets", is_global=True)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: ``cut`` bytes are promised and not sent; ``after_s`` is waited before."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = {}
    cut: int = 0


def ok(**document: Any) -> Reply:
    """Answer with a document."""
    return Reply(body=json.dumps(document).encode())


def refuse(code: str, status: int = 400, **headers: str) -> Reply:
    """Answer with an error of the JSON protocol."""
    body = json.dumps({"__type": code, "message": "no"}).encode()
    return Reply(status=status, body=body, headers=headers)


def model(name: str, **more: Any) -> Reply:
    """Answer DescribeModel."""
    arn = f"arn:aws:sagemaker:eu-west-1:111122223333:model/{name}"
    return ok(ModelName=name, ModelArn=arn, CreationTime=1735689600.5, **more)


def entry(name: str) -> dict[str, Any]:
    """One entry of ListModels."""
    arn = f"arn:aws:sagemaker:eu-west-1:111122223333:model/{name}"
    return {"ModelName": name, "ModelArn": arn, "CreationTime": 1735689600}


class FakeAws:
    """``answer`` gets the operation, the parsed request and how often it was asked before."""

    def __init__(self, answer: Callable[[str, dict[str, Any], int], Reply]) -> None:
        self.asked: Counter[str] = Counter()
        lock, asked = threading.Lock(), self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                name = self.headers.get("X-Amz-Target", "x.GET").rpartition(".")[2]
                with lock:
                    before = asked[name]
                    asked[name] += 1
                is_json = raw.startswith(b"{")
                reply = answer(name, json.loads(raw) if is_json else {}, before)
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(reply.body) + reply.cut))
                for key, value in reply.headers.items():
                    self.send_header(key.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = bool(reply.cut)

            do_GET = do_POST  # noqa: N815 - the name that the server looks for

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def live_asker(url: str, snapshot: Snapshot, **settings: Any) -> AwsClient:
    """Build an asker that talks to ``url`` with made-up credentials."""
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "not-a-secret")
    table = {operation.label: operation for operation in (LIST, DESCRIBE, BUCKETS)}
    make_read_only(session, frozenset((o.service, o.name) for o in table.values()))
    clients = Clients({SCOPE: session}, ClientSettings(connect_timeout_s=1, read_timeout_s=1))
    chosen = {"tries": 3, "call_deadline_s": 5.0, "start_per_s": 1000.0, **settings}
    return AwsClient(clients, snapshot, table, Redactor("salt").redact, LiveSettings(**chosen))


def request(operation: Operation, **params: Any) -> Request:
    """Ask for something in the one region of the fake."""
    return Request(
        scope=SCOPE, region="eu-west-1", operation=operation, params=params, subject="it"
    )
