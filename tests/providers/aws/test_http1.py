"""What comes over the wire, whole or broken, and what is said of it."""

from __future__ import annotations

import datetime
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import botocore.exceptions as failures
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mlsec.providers.aws.client.http1 import Connections, Reply
from tests.providers.aws.raw_server import wire

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId: a\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def connections(verify: Any = None) -> Connections:
    return Connections(connect_timeout_s=1, read_timeout_s=1, verify=verify)


def ask(kept: Connections, port: int, **headers: str) -> Reply:
    return kept.exchange("GET", f"http://127.0.0.1:{port}/a?b=c", headers, b"")


def ask_last(port: int) -> None:
    """Use up the last answer, so that the server ends."""
    with socket.create_connection(("127.0.0.1", port)) as last:
        last.sendall(b"x")


def test_request_has_target_headers_and_no_length_without_a_body() -> None:
    with wire(WHOLE) as (port, asked, _):
        reply = ask(connections(), port, Host="h")
    assert asked == [b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"]
    assert (reply.status, reply.body, reply.headers["x-amzn-requestid"]) == (200, b"ok", "a")


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\nok",
    ],
)
def test_body_is_read_however_its_end_is_told(answer: bytes) -> None:
    with wire(answer) as (port, _, _):
        assert ask(connections(), port).body == b"ok"


def test_body_without_a_length_ends_with_the_connection() -> None:
    with wire(b"HTTP/1.1 200 OK\r\n\r\nok", is_kept=False) as (port, _, _):
        assert ask(connections(), port).body == b"ok"


def test_connection_is_used_again() -> None:
    with wire(WHOLE, WHOLE) as (port, _, events):
        kept = connections()
        ask(kept, port)
        ask(kept, port)
        assert events.count("made") == 1
        kept.close()


def test_connection_that_the_service_closed_is_not_used_again() -> None:
    with wire(WHOLE, WHOLE, is_kept=False) as (port, _, events):
        kept = connections()
        ask(kept, port)
        for _ in range(500):  # the end is on its way
            if "ended" in events:
                break
            time.sleep(0.01)
        ask(kept, port)
        assert events.count("made") == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        CHUNKED + b"5\r\nok",
        CHUNKED + b"zz\r\nok\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"\x00\xff\r\n\r\n",
    ],
)
def test_answer_that_is_cut_short_or_no_http_is_no_answer(answer: bytes) -> None:
    with wire(answer, is_kept=False) as (port, _, _), pytest.raises(failures.ConnectionClosedError):
        ask(connections(), port)


def test_silence_is_a_timeout() -> None:
    short = Connections(connect_timeout_s=1, read_timeout_s=0.05, verify=None)
    with wire(b"HTTP/1.1 200 OK\r\n", b"") as (port, _, _):
        with pytest.raises(failures.ReadTimeoutError):
            ask(short, port)
        ask_last(port)


def test_closed_port_is_an_unreachable_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(failures.EndpointConnectionError):
        ask(connections(), port)


def test_line_break_in_a_header_never_leaves() -> None:
    with wire(WHOLE) as (port, asked, _):
        with pytest.raises(ValueError, match="line break"):
            ask(connections(), port, Host="a\r\nX-Evil: 1")
        assert asked == []
        ask(connections(), port)


def test_certificate_that_nobody_vouches_for_is_refused_and_a_known_one_is_not(
    tmp_path: Path,
) -> None:
    bundle = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(bundle)
    with wire(WHOLE, tls=server) as (port, _, _):
        url = f"https://localhost:{port}/"
        with pytest.raises(failures.SSLError):
            connections().exchange("GET", url, {}, b"")
        with pytest.raises(failures.SSLError):  # known, but for another name
            connections(str(bundle)).exchange("GET", f"https://127.0.0.1:{port}/", {}, b"")
        assert connections(str(bundle)).exchange("GET", url, {}, b"").body == b"ok"


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
