"""The short way sends the SDK's very requests, and gives up on what it does not know."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.loaders import JSONFileLoader
from botocore.model import OperationNotFoundError

from mlsec.collect.walk.plan import Operation
from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.clients import Clients, ClientSettings, make_read_only
from mlsec.providers.aws.client.request_replay import SERVICES, Sent, sent_by
from mlsec.providers.aws.collect.reader import plans
from mlsec.providers.aws.tables import table_of
from tests.providers.aws.raw_server import wire

SCOPE = "aws/111122223333"
TABLE = {o.label: o for o in table_of(plans()).values() if o.service in SERVICES}
ANSWERS = {"json": b"{}", "rest-json": b"{}", "rest-xml": b"<a/>"}


class _Answered(AWSResponse):  # type: ignore[misc]
    """A whole answer, as the SDK's transport would give it."""

    def __init__(self, url: str, status: int, body: bytes) -> None:
        super().__init__(url, status, {}, None)
        self._content = body


def open_clients(monkeypatch: pytest.MonkeyPatch, endpoint: str = "") -> Clients:
    set_addresses(monkeypatch, endpoint)
    return new_clients()


def set_addresses(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name in ("AWS_ENDPOINT_URL", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)


@functools.cache
def clients_of(endpoint: str) -> Clients:
    """The clients of all operations that are told apart by their names: each is asked once."""
    del endpoint  # it is in the environment when a client is made
    return new_clients()


def new_clients(settings: ClientSettings | None = None) -> Clients:
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "not-a-secret", "token")
    make_read_only(session, frozenset((o.service, o.name) for o in TABLE.values()))
    return Clients({SCOPE: session}, settings or ClientSettings())


def sdk_request(client: Any, operation: str, params: dict[str, Any], body: bytes) -> Sent:
    """Let the SDK make a request that never leaves, and give what it was about to sign."""
    seen: list[Sent] = []
    keep = lambda **event: seen.append(sent_by(event))  # noqa: E731
    client.meta.events.register("before-sign", keep)
    answer(client, 200, body)
    getattr(client, xform_name(operation))(**params)
    client.meta.events.unregister("before-sign", keep)
    return seen[0]


def answer(client: Any, status: int, body: bytes) -> None:
    client.meta.events.register_first(
        "before-send", lambda request, **_: _Answered(request.url, status, body)
    )


def sample(shape: Any, word: str) -> Any:
    """Make up a value of a shape, with only what it requires and every string saying ``word``."""
    match shape.type_name:
        case "structure":
            return {n: sample(shape.members[n], word) for n in shape.required_members}
        case "list":
            return [sample(shape.member, word)]
        case "integer":
            return 7
        case _:
            return shape.enum[0] if getattr(shape, "enum", None) else word


def params_of(operation: Operation, model: Any, word: str) -> dict[str, Any]:
    """Give the plan's literal parameters and made-up values for the rest."""
    made = sample(model.input_shape, word) if model.input_shape else {}
    literal = {k: v for k, v in operation.params.items() if "$" not in str(v)}
    named = {k: f"{word}-{k.lower()}" for k, v in operation.params.items() if "$" in str(v)}
    return {**made, **named, **literal}


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:1"])
@pytest.mark.parametrize("label", sorted(TABLE))
def test_line_made_from_one_call_sends_the_request_of_the_sdk_for_another(
    label: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_addresses(monkeypatch, endpoint)
    operation, clients = TABLE[label], clients_of(endpoint)
    place = (SCOPE, "eu-west-1", operation.service)
    client = clients.client(*place)
    model = client.meta.service_model.operation_model(operation.name)
    body = ANSWERS[model.service_model.resolved_protocol]
    answer(client, 200, body)
    clients.ask(place, model, params_of(operation, model, "first"))
    line = clients.line(place, operation.name)
    other = params_of(operation, model, "second-7")
    assert line is not None
    assert line.equals(other, sdk_request(client, operation.name, other, body))


@pytest.mark.parametrize(
    "bucket", ["with.dots", "UPPER-case", "arn:aws:s3:eu-west-1:1:accesspoint/a", "a--x-s3", "b/c"]
)
def test_bucket_with_a_name_of_a_special_kind_goes_through_the_sdk(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = open_clients(monkeypatch)
    place = (SCOPE, "eu-west-1", "s3")
    client = clients.client(*place)
    answer(client, 200, b"<a/>")
    model = client.meta.service_model.operation_model("GetBucketVersioning")
    clients.ask(place, model, {"Bucket": "plain-name"})
    line = clients.line(place, "GetBucketVersioning")
    assert line is not None
    assert line.ask({"Bucket": bucket}) is None


def test_line_is_made_from_a_refusal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = open_clients(monkeypatch)
    place = (SCOPE, "eu-west-1", "s3")
    client = clients.client(*place)
    answer(client, 404, b"<Error><Code>NoSuchBucketPolicy</Code></Error>")
    model = client.meta.service_model.operation_model("GetBucketPolicy")
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        clients.ask(place, model, {"Bucket": "plain-name"})
    assert clients.line(place, "GetBucketPolicy") is not None


def test_no_line_goes_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = open_clients(monkeypatch)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    place = (SCOPE, "eu-west-1", "kms")
    client = clients.client(*place)
    answer(client, 200, b"{}")
    model = client.meta.service_model.operation_model("ListKeys")
    clients.ask(place, model, {})
    assert clients.line(place, "ListKeys") is None


def test_operation_outside_the_table_gets_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = open_clients(monkeypatch)
    place = (SCOPE, "eu-west-1", "kms")
    client = clients.client(*place)
    answer(client, 200, b"{}")
    with pytest.raises(OperationNotFoundError):
        client.meta.service_model.operation_model("DisableKey")
    # One that a model would hold all the same is refused as well.
    model = botocore.session.Session().get_service_model("kms").operation_model("DisableKey")
    with pytest.raises(MlsecError, match="not in the table of reads"):
        clients.ask(place, model, {"KeyId": "a"})
    assert clients.line(place, "DisableKey") is None


def test_hooks_refuse_what_a_whole_model_would_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    set_addresses(monkeypatch, "")
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "not-a-secret", "token")
    make_read_only(session, frozenset((o.service, o.name) for o in TABLE.values()))
    session.get_component("data_loader").file_loader = JSONFileLoader()
    client = session.create_client("kms", region_name="eu-west-1")
    with pytest.raises(MlsecError, match="refused to call kms:DisableKey"):
        client.disable_key(KeyId="a")


@pytest.mark.parametrize(
    ("service", "operation", "params", "body"),
    [
        ("s3", "GetBucketVersioning", {"Bucket": "one"}, b"<a/>"),
        ("kms", "DescribeKey", {"KeyId": "one"}, b"{}"),
    ],
)
def test_signature_that_leaves_is_right_for_what_leaves(
    service: str,
    operation: str,
    params: dict[str, str],
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with wire(whole, whole) as (port, asked, _):
        clients = open_clients(monkeypatch, f"http://127.0.0.1:{port}")
        place = (SCOPE, "eu-west-1", service)
        client = clients.client(*place)
        model = client.meta.service_model.operation_model(operation)
        clients.ask(place, model, params)
        client.close()
        clients.ask(place, model, dict.fromkeys(params, "other"))
    assert b"other" in asked[1]
    assert asked[1].count(b"amz-sdk") == 0  # it went the short way
    for request in asked:
        given, wanted = signatures(request, "not-a-secret", "eu-west-1", service)
        assert given == wanted


def signatures(request: bytes, secret: str, region: str, service: str) -> tuple[str, str]:
    """Give the signature in a request, and the one that Signature Version 4 prescribes for it.

    Source: AWS, "Create a signed AWS API request".
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    pairs = sorted(query.split("&")) if query else []
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    found = re.search(r"SignedHeaders=(\S+), Signature=(\w+)", headers["authorization"])
    assert found is not None
    names = found[1].split(";")
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(pair if "=" in pair else f"{pair}=" for pair in pairs),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            found[1],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4" + secret.encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    return found[2], hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
