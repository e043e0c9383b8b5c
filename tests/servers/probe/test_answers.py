"""What plain answers say, and what is never sent, followed or kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.probe.running import look_at
from tests.servers.probe.server import Page, Server, Talk, site

_JSON = ("Content-Type: application/json",)


def test_only_reads_go_out_and_nothing_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("default login me password hunter2hunter2\n")
    cookie = Page(body=b"hello", headers=("Set-Cookie: s=abc123; HttpOnly",))
    with Server(site({"/": cookie}, other=cookie)) as server:
        look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert {head.split(b" ")[0] for head in server.heads} == {b"GET", b"OPTIONS"}
    together = b"".join(server.heads).lower()
    assert b"authorization:" not in together
    assert b"cookie:" not in together
    assert b"hunter2" not in together
    assert b"accept-encoding: identity" in together


def test_a_redirect_on_the_same_server_is_followed_so_far_and_no_further(tmp_path: Path) -> None:
    def say(talk: Talk) -> None:
        step = int(talk.path.removeprefix("/step") or "0") if talk.path.startswith("/step") else 0
        to = f"Location: /step{step + 1}"
        is_chain = talk.path == "/" or talk.path.startswith("/step")
        talk.send(Page(status=302 if is_chain else 404, headers=(to,)).encode())

    with Server(say) as server:
        look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert [path for path in server.paths if path.startswith("/step")] == [
        "/step1", "/step2", "/step3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2:{port}/there",
        "http://127.0.0.1:{other}/there",
        "//127.0.0.2:{port}/there",
        "https://127.0.0.1:{port}/there",
        "http://127.0.0.1:{port}@127.0.0.2:{port}/there",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_to_another_server_is_reported_and_not_followed(tmp_path: Path, to: str) -> None:
    nothing = site({})
    with Server(nothing) as other:
        address: dict[str, int] = {"other": other.port}

        def say(talk: Talk) -> None:
            location = f"Location: {to.format(**address)}"
            talk.send(Page(status=302, headers=(location,)).encode())

        with Server(say) as server, Server(nothing, host="127.0.0.2", port=server.port) as second:
            address["port"] = server.port
            seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert (other.connections, second.connections) == (0, 0)
    assert "/there" not in server.paths
    assert seen["redirects_to"]
    assert "@" not in seen["redirects_to"]


def test_a_redirect_to_tls_on_the_same_host_is_what_a_clear_port_should_do(tmp_path: Path) -> None:
    to = Page(status=301, headers=("Location: https://127.0.0.1/",))
    with Server(site({"/": to}, other=to)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert (seen["redirects_to_tls"], seen["redirects_to_http"]) == (True, False)
    assert (seen.gaps, "probe/model-without-authentication" in seen.passed) == ((), True)


def test_a_server_that_leads_to_another_is_not_passed_for_it(tmp_path: Path) -> None:
    to = Page(status=301, headers=("Location: https://www.models.example/",))
    with Server(site({"/": to}, other=to)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert seen["redirects_to"] == "https://www.models.example/"
    assert "probe/model-without-authentication" in seen.unknown
    assert "probe/without-tls" not in seen.passed


def test_no_secret_of_an_answer_is_kept(tmp_path: Path) -> None:
    secrets = {
        "openai": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "named": "Zx9kQ2mVb7Lp4Rt8Wc3Y",
        "cookie": "kookie5ession1dentifier",
        "query": "t0ken1nAnAddress77",
    }
    body = (
        f'{{"data": [{{"api_key": "{secrets["openai"]}", "password": "{secrets["named"]}"}}],'
        f' "access_token": "{secrets["jwt"]}"}}'
    ).encode()
    text = (
        f"<script>token = '{secrets['openai']}'; password: \"{secrets['named']}\"</script>".encode()
    )
    page = Page(
        body=text,
        status=302,
        headers=(
            f"Set-Cookie: session={secrets['cookie']}; Path=/",
            f"Location: http://elsewhere.example/?token={secrets['query']}#{secrets['named']}",
            f"X-Api-Key: {secrets['named']}",
            f"Server: x/{secrets['jwt']}",
        ),
    )
    with Server(site({"/v1/models": Page(body=body, headers=_JSON), "/": page})) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert b"v1/models" in b"".join(server.heads)
    kept = seen.kept + str(seen.resource).encode()
    assert {name for name, secret in secrets.items() if secret.encode() in kept} == set()
    assert b"x-api-key" in seen.kept


def test_a_page_from_anywhere_that_may_read_is_told(tmp_path: Path) -> None:
    def say(talk: Talk) -> None:
        lines = [line for line in talk.head.decode().split("\r\n") if line.startswith("Origin: ")]
        headers = tuple(
            f"Access-Control-Allow-Origin: {line.removeprefix('Origin: ')}" for line in lines
        )
        credentials = ("Access-Control-Allow-Credentials: true",)
        talk.send(Page(body=b"x", headers=headers + credentials).encode())

    with Server(say) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert "probe/any-origin-with-credentials" in seen.failed
    assert "probe/any-origin" in seen.passed


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        (Page(body=b"<title>Index of /models</title>"), "probe/directory-listing"),
        (Page(body=b"<title>Directory listing for /</title>"), "probe/directory-listing"),
        (Page(body=b"x", headers=("Allow: GET, TRACE",)), "probe/allows-trace"),
        (
            Page(status=500, body=b"<title>Error // Werkzeug Debugger</title>"),
            "probe/debug-pages",
        ),
        (
            Page(status=500, body=b"<title>KeyError at /x</title> Request Method: GET"),
            "probe/debug-pages",
        ),
        (
            Page(body=b"x", headers=("Access-Control-Allow-Origin: *",)),
            "probe/any-origin",
        ),
        (
            Page(body=b"x", headers=("Set-Cookie: sessionid=1; Path=/",)),
            "probe/cookie-readable-by-script",
        ),
    ],
)
def test_each_fault_of_a_page_is_told_by_its_rule(tmp_path: Path, page: Page, rule: str) -> None:
    with Server(site({"/": page}, other=page)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    with Server(site({"/": Page(body=b"hello")})) as server:
        sound = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert rule in seen.failed
    assert rule not in sound.failed


def test_a_server_that_nobody_knows_is_not_passed_as_shut(tmp_path: Path) -> None:
    with Server(site({"/": Page(body=b"a model of our own")})) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert seen["product"] is None
    assert {
        "probe/code-execution-without-authentication",
        "probe/management-without-authentication", "probe/model-without-authentication",
        "probe/data-without-authentication",
    } <= seen.unknown  # fmt: skip
    assert "exposure.public" in seen.resource.unread


@pytest.mark.parametrize(
    "page",
    [
        Page(status=401, headers=('WWW-Authenticate: Basic realm="x"',)),
        Page(status=302, headers=("Location: /oauth2/start?rd=%2F",)),
        Page(status=302, headers=("Location: https://idp.example/authorize?x=y",)),
        Page(status=302, headers=("Location: https://login.corp.example/?x=y",)),
        Page(status=302, headers=("Location: https://corp.okta.com/app/x",)),
        Page(body=b'<form><input name="p" type="password"></form>'),
    ],
    ids=["401", "login-path", "both", "login-host", "provider", "login-form"],
)
def test_a_server_that_asks_everybody_first_is_passed_as_shut(tmp_path: Path, page: Page) -> None:
    with Server(site({}, other=page)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert "probe/model-without-authentication" in seen.passed
    assert seen["exposure.public"] is False


def test_a_server_that_refuses_this_caller_is_not_passed_as_shut_to_all(tmp_path: Path) -> None:
    with Server(site({}, other=Page(status=403, body=b"blocked"))) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert "probe/model-without-authentication" in seen.unknown
    assert any("every request is refused (403)" in gap.detail for gap in seen.gaps)
    assert "exposure.public" in seen.resource.unread


def test_a_page_that_answers_everything_alike_opens_no_door(tmp_path: Path) -> None:
    shell = Page(body=b"<title>MLflow</title><div id=root></div>")
    with Server(site({}, other=shell)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert seen["product"] == "mlflow"
    assert (
        seen.failed & {"probe/data-without-authentication", "probe/metrics-without-authentication"}
        == set()
    )
    assert "probe/data-without-authentication" in seen.unknown


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"[" * 500 + b"]" * 500,
        b'{"models": "\xff\xfe"}',
        b'{"data": ["\\ud800"]}',
        b'{"data": 1e999, "models": 123456789012345678901234567890}',
        b'{"a": 1, "a": 2}',
        b"\xef\xbb\xbf{}",
        b'"' + b"x" * 60_000 + b'"',
        b"-----BEGIN PRIVATE KEY" * 2000,
        b"<title> at /</title>" * 3000,
        b'["a",' + b'"b",' * 15_000 + b'"c"]',
    ],
    ids=range(12),
)
def test_no_body_breaks_the_reading_or_the_judging(tmp_path: Path, body: bytes) -> None:
    pages = {
        path: Page(body=body, headers=_JSON) for path in ("/", "/v2", "/v1/models", "/metrics")
    }
    with Server(site(pages)) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert seen.resource.type == "probe.endpoint"
    assert "probe/code-execution-without-authentication" in seen.unknown
