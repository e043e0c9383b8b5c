"""A body that a probe could not read whole.

Who attacks: whoever runs the server that is probed. What they send: the listing of a folder, or a
page for developers, behind more bytes than are read, packed, or cut off. What they gain today: the
rules that search the body find nothing in the part that came, and pass.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.probe.running import HASTY, QUICK, look_at
from tests.servers.probe.server import Page, Say, Server, site

_HEAD = b"HTTP/1.1 200 OK\r\n"
_HIDDEN = b"<title>Index of /models</title> Werkzeug Debugger"
SEARCHING = frozenset(
    {
        "probe/directory-listing",
        "probe/debug-pages",
        "probe/known-vulnerability",
    }
)
NOT_WHOLE: Mapping[str, Say] = {
    "longer than is read": lambda talk: talk.send(Page(body=b" " * 300_000 + _HIDDEN).encode()),
    "packed": lambda talk: talk.send(
        Page(body=gzip.compress(_HIDDEN), headers=("Content-Encoding: gzip",)).encode()
    ),
    "cut off": lambda talk: talk.send(_HEAD + b"Content-Length: 999\r\n\r\n<html>"),
    "broken chunks": lambda talk: talk.send(
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\nzz\r\n"
    ),
}


@pytest.mark.parametrize("way", NOT_WHOLE)
def test_rules_that_search_a_body_are_unknown_where_it_is_not_whole(
    tmp_path: Path, way: str
) -> None:
    with Server(NOT_WHOLE[way]) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=QUICK)
    assert SEARCHING & seen.passed == set()
    assert seen.unknown >= SEARCHING
    assert seen.reasons & {"over_limit", "unsupported", "malformed"}


def test_a_body_that_drips_is_unknown_too(tmp_path: Path) -> None:
    with Server(lambda talk: (talk.send(_HEAD + b"\r\n"), talk.drip(_HIDDEN))[0]) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=HASTY)
    assert SEARCHING & seen.passed == set()


def test_what_is_found_in_the_part_that_came_counts(tmp_path: Path) -> None:
    say: Say = lambda talk: talk.send(Page(body=_HIDDEN + b" " * 300_000).encode())  # noqa: E731
    with Server(say) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=QUICK)
    assert seen.failed >= {"probe/directory-listing", "probe/debug-pages"}


def test_whole_bodies_without_anything_pass(tmp_path: Path) -> None:
    with Server(site({"/": Page(body=b"<html>hello</html>")})) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path, limits=QUICK)
    assert seen.passed >= {"probe/directory-listing", "probe/debug-pages"}
    assert SEARCHING & seen.unknown == set()
