"""Whatever a server does, a probe ends, takes little, and says what it did not get."""

from __future__ import annotations

import gzip
import socket
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.servers.probe.clock import Deadline, StepError
from mlsec.servers.probe.http import Request, Response, exchange
from mlsec.servers.probe.limits import Limits
from tests.servers.probe.running import HASTY, QUICK, look_at
from tests.servers.probe.server import Page, Say, Server, Talk, site

_HEAD = b"HTTP/1.1 200 OK\r\n"
_SMALL = Limits(body_bytes=4096, head_bytes=4096)


class Badness(msgspec.Struct, frozen=True, kw_only=True):
    """What a server does, how the start's gap must be called, and why."""

    name: str
    say: Say
    reason: str
    why: str


def _slow_headers(talk: Talk) -> None:
    talk.send(_HEAD)
    talk.drip(b"X-A: b\r\n")


def _slow_status(talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 200 OK OK OK OK ")


# Nothing comes of an answer whose head is wrong: everything at the start is hidden by its gap.
NO_ANSWER = (
    Badness(name="slow-headers", say=_slow_headers, reason="timeout", why="headers: not done"),
    Badness(name="slow-status", say=_slow_status, reason="timeout", why="headers: not done"),
    Badness(name="silence", say=Talk.hold, reason="timeout", why="headers: not done"),
    Badness(
        name="garbage", say=lambda talk: talk.send(b"\x00\xff\xfe garbage\r\n\r\n"),
        reason="malformed", why="no answer of HTTP/1.x",
    ),
    Badness(
        name="http-0.9", say=lambda talk: talk.send(b"<html>hello</html>"),
        reason="malformed", why="no answer of HTTP/1.x",
    ),
    Badness(
        name="tls-alert", say=lambda talk: talk.send(b"\x15\x03\x01\x00\x02\x02\x46"),
        reason="malformed", why="it speaks TLS",
    ),
    Badness(
        name="no-status", say=lambda talk: talk.send(b"HTTP/1.1 OK\r\n\r\n"),
        reason="malformed", why="no answer of HTTP/1.x",
    ),
    Badness(
        name="http-2-status", say=lambda talk: talk.send(b"HTTP/2 200\r\n\r\n"),
        reason="malformed", why="no answer of HTTP/1.x",
    ),
    Badness(
        name="closes-at-once", say=lambda talk: None,
        reason="malformed", why="ended before an answer",
    ),
    Badness(
        name="reset", say=Talk.reset, reason="malformed", why="the connection broke",
    ),
    Badness(
        name="header-without-end",
        say=lambda talk: (talk.send(_HEAD + b"X-A: "), talk.pour(b"x" * 4096))[0],
        reason="over_limit", why="bytes of headers",
    ),
    Badness(
        name="endless-headers", say=lambda talk: (talk.send(_HEAD), talk.pour(b"X-A: b\r\n"))[0],
        reason="over_limit", why="bytes of headers",
    ),
    Badness(
        name="many-headers",
        say=lambda talk: talk.send(_HEAD + b"A: b\r\n" * 300 + b"\r\n"),
        reason="over_limit", why="header lines",
    ),
    Badness(
        name="unknown-coding",
        say=lambda talk: talk.send(_HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        reason="malformed", why="Transfer-Encoding",
    ),
    Badness(
        name="two-lengths",
        say=lambda talk: talk.send(_HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        reason="malformed", why="Content-Length",
    ),
    Badness(
        name="negative-length",
        say=lambda talk: talk.send(_HEAD + b"Content-Length: -1\r\n\r\nx"),
        reason="malformed", why="Content-Length",
    ),
    Badness(
        name="no-header",
        say=lambda talk: talk.send(_HEAD + b"Content-Length: 2\r\nno header\r\n\r\nok"),
        reason="malformed", why="illegal header line",
    ),
    Badness(
        name="unasked-upgrade",
        say=lambda talk: talk.send(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"),
        reason="malformed", why="unsound headers",
    ),
    Badness(
        name="interim-flood", say=lambda talk: talk.pour(b"HTTP/1.1 100 Continue\r\n\r\n"),
        reason="over_limit", why="interim answers",
    ),
)  # fmt: skip

# The status is known, the body is not whole.
CUT = (
    Badness(
        name="endless-body",
        say=lambda talk: (talk.send(_HEAD + b"\r\n"), talk.pour(b"x" * 4096))[0],
        reason="over_limit", why="bytes of body",
    ),
    Badness(
        name="endless-chunks",
        say=lambda talk: (
            talk.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
            talk.pour(b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        )[0],
        reason="over_limit", why="bytes of body",
    ),
    Badness(
        name="chunks-of-one-byte",
        say=lambda talk: (
            talk.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
            talk.pour(b"1;" + b"e" * 900 + b"\r\nx\r\n"),
        )[0],
        reason="over_limit", why="bytes of body",
    ),
    Badness(
        name="chunk-of-a-petabyte",
        say=lambda talk: (
            talk.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n"),
            talk.pour(b"x" * 4096),
        )[0],
        reason="over_limit", why="bytes of body",
    ),
    Badness(
        name="chunk-without-size",
        say=lambda talk: talk.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        reason="malformed", why="illegal chunk header",
    ),
    Badness(
        name="short-body", say=lambda talk: talk.send(_HEAD + b"Content-Length: 99\r\n\r\nhalf"),
        reason="malformed", why="ended inside the body",
    ),
    Badness(
        name="reset-in-body",
        say=lambda talk: (talk.send(_HEAD + b"Content-Length: 99\r\n\r\nhalf"), talk.reset())[0],
        reason="malformed", why="",
    ),
    Badness(
        name="huge-length",
        say=lambda talk: (
            talk.send(_HEAD + b"Content-Length: 999999999999\r\n\r\n"), talk.pour(b"x" * 4096)
        )[0],
        reason="over_limit", why="bytes of body",
    ),
    Badness(
        name="gzip-bomb",
        say=lambda talk: talk.send(
            Page(
                body=gzip.compress(b"\0" * 1_000_000), headers=("Content-Encoding: gzip",)
            ).encode()
        ),
        reason="unsupported", why="packed as gzip",
    ),
)  # fmt: skip


@pytest.mark.parametrize("badness", NO_ANSWER, ids=lambda each: each.name)
def test_an_answer_that_is_none_hides_what_it_would_have_told(
    tmp_path: Path, badness: Badness
) -> None:
    limits = HASTY if badness.reason == "timeout" else _small(QUICK)
    with Server(badness.say) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=limits)
    start = [gap for gap in seen.gaps if gap.wanted == "GET /"]
    assert [gap.reason.value for gap in start] == [badness.reason]
    assert badness.why in start[0].detail
    assert seen.failed == set()
    assert "probe/code-execution-without-authentication" in seen.unknown
    assert "probe/directory-listing" in seen.unknown


@pytest.mark.parametrize("badness", CUT, ids=lambda each: each.name)
def test_a_body_that_is_not_whole_is_kept_as_far_as_it_came_and_said_to_be_cut(
    badness: Badness,
) -> None:
    request = Request(method="GET", authority="x.example", path="/")
    with Server(badness.say) as server, _connection(server) as connection:
        answer = exchange(connection, request, _small(QUICK), Deadline(10))
    assert answer.status == 200
    assert answer.cut is not None
    assert (answer.cut.reason.value, badness.why in answer.cut.detail) == (badness.reason, True)
    assert len(answer.body) <= _SMALL.body_bytes


def test_a_body_that_drips_is_cut_in_time() -> None:
    def say(talk: Talk) -> None:
        talk.send(_HEAD + b"\r\n")
        talk.drip(b"x")

    request = Request(method="GET", authority="x.example", path="/")
    with Server(say) as server, _connection(server) as connection:
        answer = exchange(connection, request, QUICK, Deadline(0.4))
    assert answer.cut is not None
    assert answer.cut.reason.value == "timeout"
    assert answer.body.startswith(b"x")


@pytest.mark.parametrize("say", [_slow_headers, Talk.hold], ids=["drips", "silent"])
def test_a_server_that_does_not_answer_twice_is_asked_no_more(tmp_path: Path, say: Say) -> None:
    with Server(say) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=HASTY)
    assert len(server.heads) == HASTY.patience
    assert any("2 times in a row" in gap.detail for gap in seen.gaps)


def test_the_number_of_requests_is_bounded(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(QUICK, requests=5)
    with Server(site({})) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=limits)
    assert len(server.heads) == 5
    assert "over_limit" in seen.reasons


def test_the_time_for_all_of_a_target_is_bounded(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(QUICK, target_s=0.0)
    with Server(site({})) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=limits)
    assert server.heads == []
    assert seen.reasons == {"timeout"}


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", _HEAD, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]),
)
def test_no_bytes_do_anything_but_answer_or_be_refused(data: bytes, start: bytes) -> None:
    ours, theirs = socket.socketpair()

    def feed() -> None:
        with theirs:
            theirs.recv(4096)
            theirs.sendall(start + data)

    feeding = threading.Thread(target=feed)
    feeding.start()
    request = Request(method="GET", authority="x.example", path="/")
    with ours:
        answer = _answer(ours, request)
    feeding.join()
    assert answer is None or (100 <= answer.status <= 999)
    assert answer is None or len(answer.body) <= _SMALL.body_bytes


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"])
def test_no_method_but_those_of_reading_becomes_a_request(method: str) -> None:
    with pytest.raises(ValueError, match="not a method of reading"):
        Request(method=method, authority="x.example", path="/")


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "a", "", "/ä"])
def test_no_path_can_hold_a_second_request(path: str) -> None:
    with pytest.raises(ValueError, match="characters that no path has"):
        Request(method="GET", authority="x.example", path=path)


def _connection(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port))


def _answer(connection: socket.socket, request: Request) -> Response | None:
    """Any other error than the one that is meant fails the test."""
    try:
        return exchange(connection, request, _small(QUICK), Deadline(10))
    except StepError:
        return None


def _small(limits: Limits) -> Limits:
    return msgspec.structs.replace(limits, body_bytes=4096, head_bytes=4096)
