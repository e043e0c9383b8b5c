"""A history in PostgreSQL is named by a URL, and no password of one is ever shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.history.place import DatabaseUrl, read_place
from mlsec.history.store import History
from tests.postgres import PASSWORD, Server

DEMO = content_folder("fixtures") / "demo"
SECRET = "s3cret%2Fword"


def test_a_file_of_any_name_is_a_file() -> None:
    assert read_place("scans.db") == Path("scans.db")
    assert read_place("postgres") == Path("postgres")


def test_as_text_a_url_has_neither_user_nor_password_nor_parameters() -> None:
    place = read_place(
        f"postgres://user:{SECRET}@db.example:5433/scans?password=more&sslmode=prefer"
    )
    assert (str(place), repr(place)) == (
        "postgresql://db.example:5433/scans", "DatabaseUrl('postgresql://db.example:5433/scans')",
    )  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{SECRET}@[::1/scans",
        f"postgresql://user:{SECRET}%zz@127.0.0.1:1/scans",
        f"postgresql://user:{SECRET}@127.0.0.1:1/scans",
        f"postgresql://user:{SECRET}@127.0.0.1:port/scans",
        f"postgresql://127.0.0.1:1/scans?password={SECRET}",
        f"postgresql://127.0.0.1:1/scans?nosuch=1&password={SECRET}",
        f"postgresql://user:{SECRET}@127.0.0.1:1/scans?sslmode=nosuch",
    ],
)
@pytest.mark.parametrize("command", ["history", "serve", "scan"])
def test_a_url_that_leads_nowhere_is_refused_without_its_password(
    command: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scan", "--evidence", str(DEMO), "--history", url] if command == "scan" else None
    try:
        code = main(words or [command, url])
    except SystemExit as ended:
        code = int(ended.code or 0)
    written = capsys.readouterr()
    assert code == 2
    assert written.out == ""
    assert "error: " in written.err
    for part in (SECRET, "s3cret", "Fword", "Traceback"):
        assert part not in written.err


def test_the_password_of_the_url_is_in_no_output(postgres: Server, database_url: str,
                                                 tmp_path: Path) -> None:  # fmt: skip
    for words in (
        ["scan", "--evidence", str(DEMO), "--history", database_url, "-o", "out", "--fail-on",
         "none", "--min-coverage", "0", "-f", "json,html,sarif,markdown,text"],
        ["scan", "--evidence", str(DEMO), "--history", database_url, "--print-config"],
        ["history", database_url],
        ["history", database_url, "-f", "json"],
        ["history", f"{database_url}x"],
    ):  # fmt: skip
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "mlsec", *words], cwd=tmp_path, capture_output=True, text=True,
            timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 2), done.stderr
        assert not _holds_password(done.stdout + done.stderr)
    for file in (tmp_path / "out").rglob("*"):
        assert not file.is_file() or not _holds_password(file.read_bytes().decode("latin-1"))


def _holds_password(text: str) -> bool:
    return PASSWORD in text or "p%40ss" in text or "word%of" in text


@pytest.mark.parametrize("how", ["PGPASSWORD", "PGPASSFILE", "service"])
def test_the_password_comes_from_where_psql_has_it(
    how: str, postgres: Server, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = f"postgresql://mlsec@{database_url.rpartition('@')[2]}"
    with pytest.raises(MlsecError, match="password"):
        History(DatabaseUrl(plain), is_new_allowed=True)
    name = database_url.rpartition("/")[2]
    secret = PASSWORD.replace(":", "\\:")
    kept = tmp_path / "kept"
    match how:
        case "PGPASSWORD":
            monkeypatch.setenv(how, PASSWORD)
        case "PGPASSFILE":
            kept.write_text(f"127.0.0.1:{postgres.port}:*:mlsec:{secret}\n")
            kept.chmod(0o600)
            monkeypatch.setenv(how, str(kept))
        case _:
            kept.write_text(f"[night]\nhost=127.0.0.1\nport={postgres.port}\nuser=mlsec\n"
                            f"dbname={name}\npassword={PASSWORD}\n")  # fmt: skip
            monkeypatch.setenv("PGSERVICEFILE", str(kept))
            plain = "postgresql:///?service=night"
    with History(DatabaseUrl(plain), is_new_allowed=True) as history:
        assert history.scans() == []


def test_psycopg_is_loaded_only_where_a_url_is_used(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mlsec.cli.main import main\n"
        f"main(['scan', '--evidence', {str(DEMO)!r}, '--history', 'h.db', '-o', 'out'])\n"
        "print([m for m in sys.modules if m.startswith('psycopg')])"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env=os.environ,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
