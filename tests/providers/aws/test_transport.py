"""The short way to AWS over the wire: whole answers, broken ones, and certificates."""

from __future__ import annotations

import datetime
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions as failures
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mlsec.collect.walk.call_failure import MalformedAnswerError
from mlsec.core.enums import GapReason
from mlsec.providers.aws.client.classify import trouble_of
from mlsec.providers.aws.client.clients import ClientSettings
from tests.providers.aws.raw_server import wire
from tests.providers.aws.test_lines import SCOPE, answer, new_clients, set_addresses

PLACE = (SCOPE, "eu-west-1", "kms")
BODY = b'{"Keys": []}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Ask = Callable[[], dict[str, Any]]


@pytest.fixture
def ask_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ask]:
    """Give a function that lists KMS's keys at an address by the short way alone."""

    def open_at(endpoint: str, **settings: float) -> Ask:
        set_addresses(monkeypatch, endpoint)
        known: dict[str, Any] = {"connect_timeout_s": 1, "read_timeout_s": 1, **settings}
        clients = new_clients(ClientSettings(**known))
        client = clients.client(*PLACE)
        model = client.meta.service_model.operation_model("ListKeys")
        # The SDK's first call, from which the line is made, never leaves.
        answer(client, 200, BODY)
        clients.ask(PLACE, model, {"Limit": 1})
        line = clients.line(PLACE, "ListKeys")
        assert line is not None
        return lambda: line.ask({"Limit": 2}) or {}

    return open_at


@pytest.mark.parametrize(
    "reply",
    [
        WHOLE,
        CHUNKED + b'5\r\n{"Key\r\n7;x=y\r\ns": []}\r\n0\r\nTrailer: 1\r\n\r\n',
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
        WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_body_is_read_however_its_end_is_marked(ask_at: Any, reply: bytes) -> None:
    with wire(reply) as (port, _, _):
        assert ask_at(f"http://127.0.0.1:{port}")()["Keys"] == []


def test_body_without_a_length_ends_with_the_connection(ask_at: Any) -> None:
    with wire(b"HTTP/1.1 200 OK\r\n\r\n" + BODY, is_kept=False) as (port, _, _):
        assert ask_at(f"http://127.0.0.1:{port}")()["Keys"] == []


def test_connection_is_used_again(ask_at: Any) -> None:
    with wire(WHOLE, WHOLE) as (port, _, events):
        ask = ask_at(f"http://127.0.0.1:{port}")
        ask()
        ask()
        assert events.count("made") == 1


def test_connection_that_the_service_closed_is_not_used_again(ask_at: Any) -> None:
    with wire(WHOLE, WHOLE, is_kept=False) as (port, _, events):
        ask = ask_at(f"http://127.0.0.1:{port}")
        ask()
        for _ in range(500):  # the end is on its way
            if "ended" in events:
                break
            time.sleep(0.01)
        ask()
        assert events.count("made") == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        CHUNKED + b"5\r\nok",
        CHUNKED + b"zz\r\nok\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"\x00\xff\r\n\r\n",
    ],
)
def test_answer_that_is_cut_short_or_no_http_is_no_answer(ask_at: Any, reply: bytes) -> None:
    with wire(reply, is_kept=False) as (port, _, _):
        ask = ask_at(f"http://127.0.0.1:{port}")
        with pytest.raises((failures.BotoCoreError, MalformedAnswerError)):
            ask()


def test_redirect_is_not_followed(ask_at: Any) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with wire(reply) as (port, _, _), pytest.raises(failures.ClientError, match="302"):
        ask_at(f"http://127.0.0.1:{port}")()


def test_silence_is_a_timeout(ask_at: Any) -> None:
    with wire(b"HTTP/1.1 200 OK\r\n", b"") as (port, _, _):
        with pytest.raises(failures.ReadTimeoutError):
            ask_at(f"http://127.0.0.1:{port}", read_timeout_s=0.05)()
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"x")  # the last answer is used up, so that the server ends


def test_closed_port_is_an_unreachable_host(ask_at: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(failures.EndpointConnectionError) as caught:
        ask_at(f"http://127.0.0.1:{port}")()
    assert trouble_of(caught.value).reason is GapReason.TIMEOUT


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_certificate_that_nobody_vouches_for_is_refused_and_a_known_one_is_not(
    ask_at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    bundle = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(bundle)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with wire(WHOLE, tls=server) as (port, _, _):
        with pytest.raises(failures.SSLError):
            ask_at(f"https://localhost:{port}")()
        monkeypatch.setenv(variable, str(bundle))
        with pytest.raises(failures.SSLError):  # known, but for another name
            ask_at(f"https://127.0.0.1:{port}")()
        assert ask_at(f"https://localhost:{port}")()["Keys"] == []


def make_certificate(folder: Path) -> Path:
    """Write a key and its own certificate for ``localhost`` into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
