"""``mlsec serve`` as a process on loopback: its pages, who may see them, and hostile names."""

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.history.place import DatabaseUrl, Place
from mlsec.history.queries import OPEN, states
from mlsec.history.store import History
from tests.browser_checks import command_and_environment
from tests.postgres import STORES, Server, word
from tests.web.server import HOSTILE, TOKEN, ask, lock, record_again, serving, write_history

DEMO = content_folder("fixtures") / "demo"
CHECKER = Path(__file__).parent / "live_page.mjs"
PATHS = ("/", "/trend", "/accounts", "/waivers", f"/finding/{3:032x}")


@pytest.fixture(scope="module", params=STORES)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    with ExitStack() as stack:
        history: Place = tmp_path_factory.mktemp("live") / "scans ?%.db"
        if request.param == "postgresql":
            server: Server = request.getfixturevalue("postgres")
            history = DatabaseUrl(server.url(stack.enter_context(server.database())))
        write_history(history, 400)
        yield history


@pytest.fixture(scope="module")
def address(history: Place) -> Iterator[str]:
    with serving(history) as found:
        yield found


@pytest.fixture(scope="module")
def closed(history: Place) -> Iterator[str]:
    """The same page behind a token."""
    with serving(history, "--host", "127.0.0.2", "--allowed-host", "mlsec.example.com",
                 token=TOKEN) as found:  # fmt: skip
        yield found


def test_open_failures_are_grouped_and_come_in_pages_of_100(address: str) -> None:
    first, second = ask(address, "/").text, ask(address, "/?page=2").text
    assert "398 open failures" in first
    assert first.count("like failure") == 100
    assert "page 1 of 2" in first
    assert second.count("like failure") == 50
    assert "1 fixed" in first


def test_filters_leave_out_what_they_do_not_name(address: str) -> None:
    page = ask(address, "/?severity=critical&group=none").text
    assert "80 open failures of 398" in page
    assert page.count('class="sev sev-critical"') == 81
    assert 'class="sev sev-high">' in page
    assert "train 4 is open" not in page


def test_a_filter_that_the_form_offers_fits_what_it_was_made_from(place: Place) -> None:
    write_history(place, 40, HOSTILE)
    with serving(place) as address:
        page = ask(address, "/").text
        [offered] = re.findall(r'<select name="account">(.*?)</select>', page)
        accounts = [html.unescape(value) for value in re.findall(r'value="([^"]+)"', offered)]
        assert len(accounts) == 7
        for account in accounts:
            chosen = ask(address, f"/?{urlencode({'account': account})}").text
            assert "None with these filters" not in chosen


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("severity=hihg", "is not a severity; there are critical, high"),
        ("nosuch=1", "There is no filter"),
        ("page=0", "is not the number of a page"),
        ("page=9", "no page 9"),
        ("rule=a&rule=b", "given twice"),
        ("rule=" + "r" * 3000, "longer than 2,000"),
    ],
)
def test_a_query_that_cannot_be_answered_is_one_page_that_says_why(
    address: str, query: str, says: str
) -> None:
    answer = ask(address, f"/?{query}")
    assert answer.status == 400
    assert says in answer.text


def test_a_finding_shows_what_it_was_from_scan_to_scan(address: str) -> None:
    unread = ask(address, f"/finding/{3:032x}").text
    assert "Open since 2026-11-01" in unread
    assert "not assessed: it failed before" in unread
    assert "Not open: fixed" in ask(address, f"/finding/{1:032x}").text
    assert ask(address, "/finding/nosuch").status == 404


def test_without_a_report_the_page_says_that_there_are_no_causes_or_ends(address: str) -> None:
    assert "holds no evidence, root causes" in ask(address, "/").text
    assert "does not hold when waivers end" in ask(address, "/waivers").text


@pytest.mark.slow
def test_with_a_report_causes_and_waivers_are_shown(tmp_path: Path) -> None:
    history, out = tmp_path / "scans.db", tmp_path / "out"
    main(["scan", "--evidence", str(DEMO), "--history", str(history), "-o", str(out), "-f", "json",
          "--waivers", str(DEMO / "waivers.yaml")])  # fmt: skip
    with serving(history, "--report", str(out)) as address:
        page, waivers = ask(address, "/").text, ask(address, "/waivers").text
    [first, *_] = json.loads((out / "assessment.json").read_text())["waivers"]["used"]
    assert "Do first" in page
    assert "a change here ends" in page
    assert "not the report of a last scan" not in page
    assert first["expires"] in waivers


@pytest.mark.parametrize("path", [*PATHS, "/login", "/nosuch", "/healthz", "/?page=77"])
def test_every_answer_has_the_headers(address: str, path: str) -> None:
    headers = ask(address, path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_pages_can_only_be_read(address: str, method: str) -> None:
    assert ask(address, "/", method).status == 405


def test_head_has_no_body(address: str) -> None:
    answer = ask(address, "/", "HEAD")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_another_host_name_is_refused(address: str, host: str) -> None:
    answer = ask(address, "/", Host=host)
    assert answer.status == 421
    assert "train" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_only_the_sign_in(closed: str, path: str) -> None:
    for given in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Cookie": "mlsec_session=99999999999.00"},
    ):
        answer = ask(closed, path, **given)
        assert answer.status == 401
        assert "train" not in answer.text
        assert "Sign in" in answer.text
    assert ask(closed, f"{path}?token={TOKEN}").status == 401


def test_a_bearer_token_opens_the_pages(closed: str) -> None:
    answer = ask(closed, "/", Authorization=f"Bearer {TOKEN}", Host="mlsec.example.com")
    assert (answer.status, "398 open failures" in answer.text) == (200, True)


def test_the_form_gives_a_cookie_that_does_not_hold_the_token(closed: str) -> None:
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    wrong = ask(closed, "/login", "POST", "token=wrong", **kind)
    assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
    assert ask(closed, "/login", "POST", "token=" + "x" * 9000, **kind).status == 403
    answer = ask(closed, "/login", "POST", f"token={TOKEN}", **kind)
    cookie = answer.headers["set-cookie"]
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "HttpOnly; SameSite=Strict" in cookie
    assert TOKEN not in cookie
    value = cookie.partition(";")[0]
    assert ask(closed, "/", Cookie=value).status == 200
    assert ask(closed, "/", Cookie=value.replace("=1", "=2", 1)).status == 401


def test_health_needs_no_token_and_tells_nothing(closed: str) -> None:
    answer = ask(closed, "/healthz", Host="10.0.0.7:8484")
    assert (answer.status, answer.text) == (200, "ok\n")


def test_an_address_that_others_can_reach_needs_a_token(
    history: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLSEC_WEB_TOKEN", raising=False)
    assert main(["serve", word(history), "--host", "0.0.0.0"]) == 2  # noqa: S104
    assert "it needs a token" in capsys.readouterr().err
    monkeypatch.setenv("MLSEC_WEB_TOKEN", "short")
    assert main(["serve", word(history)]) == 2
    assert "shorter than 20" in capsys.readouterr().err


def test_a_history_that_is_written_answers_and_then_shows_what_was_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "scans.db"
    write_history(path, 5)
    with serving(path) as address:
        writing = lock(path)
        assert ask(address, "/").status == 200
        writing.execute("DELETE FROM finding WHERE id = 5")
        writing.execute("COMMIT")
        assert "2 open failures" in ask(address, "/").text
        path.write_bytes(b"not a history")
        answer = ask(address, "/")
        assert (answer.status, "not a history" in answer.text) == (503, True)
        assert str(tmp_path) not in answer.text
        assert ask(address, "/healthz").status == 503


def test_pages_asked_for_at_once_are_whole_while_scans_are_written(place: Place) -> None:
    write_history(place, 1_000)
    with serving(place) as address, ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(ask, address, "/") for _ in range(36)]
        for _ in range(40):
            record_again(place)
            time.sleep(0.02)
    assert {answer.result().status for answer in answers} == {200}


def test_a_scan_that_was_cut_off_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    source, path = tmp_path / "source.db", tmp_path / "scans.db"
    write_history(source, 400)
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 5")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE finding SET message = message || ' '")
        for end in ("", "-journal"):
            shutil.copy(f"{source}{end}", f"{path}{end}")
    before = path.read_bytes()
    with pytest.raises(MlsecError) as caught, History(path, is_snapshot=True):
        pass
    assert "cut off while it wrote" in caught.value.hint
    assert path.read_bytes() == before


def test_a_page_of_20_000_failures_takes_a_few_times_its_query(tmp_path: Path) -> None:
    path = tmp_path / "scans.db"
    write_history(path, 20_000)
    with serving(path) as address, History(path) as history:
        ask(address, "/")
        start = time.process_time()
        assert len(history.read(lambda rows: states(rows, of=OPEN))) == 19_998
        query_s = time.process_time() - start
        start = time.monotonic()
        page = ask(address, "/?severity=high")
        page_s = time.monotonic() - start
    assert page.status == 200
    assert len(page.text) < 400_000
    assert page_s < 8 * query_s + 2


def test_the_page_costs_nothing_where_it_is_not_used() -> None:
    code = (
        "import sys\nfrom mlsec.cli.main import main\n"
        "try:\n    main(['serve', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('starlette', 'uvicorn', 'jinja2', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.browser
@pytest.mark.parametrize("name", ["train", HOSTILE])
def test_pages_are_accessible_without_script_on_a_phone_in_light_and_dark(
    name: str, tmp_path: Path
) -> None:
    command, environment = command_and_environment(CHECKER)
    path = tmp_path / "scans.db"
    write_history(path, 12, name)
    with serving(path, token=TOKEN) as address:
        done = subprocess.run(  # noqa: S603 - our own page and checker
            [*command, address, TOKEN, "", *PATHS, "/nosuch"], env=environment,
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["axe"] == {name: [] for name in seen["sideways"]}
    assert set(seen["sideways"].values()) == {0}
    assert seen["status"] == {**dict.fromkeys(PATHS, 200), "/nosuch": 404}
    assert (seen["elsewhere"], seen["scripts"]) == ([], 0)
    assert [text for text in seen["errors"] if "404" not in text] == []
