"""``mlsec sign --timestamp-url`` against an authority on the loopback, right and wrong ones."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.asn1 import decode_der, encode_der

from mlsec.cli.main import main
from mlsec.signing.timestamps.request import timestamp_request
from mlsec.signing.timestamps.structures import TimeStampReq
from tests.signing import make_der as der
from tests.signing.make_timestamp import TimestampMaker
from tests.signing.test_commands import POLICY, verify
from tests.signing.test_commands import place as place  # noqa: PLC0414 - a fixture
from tests.signing.workshop import pem


class Authority(TimestampMaker):
    """Answers what was asked, unless ``bend`` asks for something else."""

    bend = ""
    asked = b""

    def answer(self, request: bytes) -> bytes:
        self.asked = request
        return {"page": b"<html>not here</html>", "huge": bytes(1 << 20)}.get(
            self.bend, self.stamp(b"", status=2 if self.bend == "refused" else 0)
        )

    def _content(self, data: bytes, at: datetime) -> bytes:
        request = decode_der(TimeStampReq, self.asked)
        imprint, nonce = encode_der(request.message_imprint), request.nonce
        if self.bend == "other data":
            imprint = imprint[:-32] + hashlib.sha256(b"other").digest()
        if self.bend == "other nonce":
            nonce ^= 1
        return der.sequence(
            der.integer(1), der.oid("1.2.3.4.1"), imprint, der.integer(17), der.moment(at),
            *([] if self.bend == "no nonce" else [der.integer(nonce)]),
        )  # fmt: skip


@pytest.fixture
def authority() -> Iterator[tuple[Authority, str]]:
    made = Authority()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_query = self.headers["Content-Type"] == "application/timestamp-query"
            self.send_response(302 if made.bend == "elsewhere" else 200 if is_query else 400)
            if made.bend == "elsewhere":
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(made.answer(body))

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made, f"http://127.0.0.1:{server.server_port}/tsr"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_timestamp_is_asked_for_and_believed(
    place: Path, authority: tuple[Authority, str]
) -> None:
    made, url = authority
    (place / "tsa.pem").write_bytes(b"".join(pem(one) for one in made.chain))
    policy = POLICY.replace("pem: release.pub", "pem: release.pub, tsa: [tsa.pem]")
    (place / "trust.yaml").write_text(policy + "defaults: {timestamp: required}\n")
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert verify() != 0
    assert main(["sign", "model", "--key", "release.key", "--timestamp-url", url]) == 0
    assert verify() == 0


@pytest.mark.parametrize(
    "bend", ["refused", "page", "huge", "other data", "other nonce", "no nonce", "elsewhere"]
)
def test_an_answer_that_is_none_leaves_the_model_unsigned(
    place: Path,
    authority: tuple[Authority, str],
    bend: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made, url = authority
    made.bend = bend
    assert main(["sign", "model", "--key", "release.key", "--timestamp-url", url]) == 2
    assert "timestamp authority" in capsys.readouterr().err
    assert not (place / "model" / "model.sig").exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/tsr", "tsa.example", "http://"])
def test_an_address_of_another_kind_is_refused_before_anything_is_hashed(
    place: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", "model", "--key", "release.key", "--timestamp-url", url]) == 2
    assert "not the address" in capsys.readouterr().err
    assert not (place / "model" / "model.sig").exists()


def test_an_authority_that_is_not_there_is_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sign", "model", "--key", "release.key", "--timestamp-url", "http://127.0.0.1:9/"]
    assert main(words) == 2
    assert "gave no answer" in capsys.readouterr().err
    assert not (place / "model" / "model.sig").exists()


@pytest.mark.parametrize("nonce", [bytes(8), b"\xff" * 8, b"\x7f" + bytes(7), b"\0" * 7 + b"\x80"])
def test_the_request_is_der_whatever_the_nonce(nonce: bytes) -> None:
    request = decode_der(TimeStampReq, timestamp_request(b"x", nonce))
    assert request.version == 1
    assert request.message_imprint.hashed_message == hashlib.sha256(b"x").digest()
    assert request.nonce == int.from_bytes(nonce, "big")
    assert request.cert_req
