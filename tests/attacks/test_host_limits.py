"""Whoever sets up the machine, or shares it, leaves too little of something.

Few open files, little memory, no processes, no name for the user, a stream that is closed or full,
a folder that is gone. They gain a scan that ends with a traceback, or a gate that reads "0" where
nothing was said. Each ends in one sentence and exit code 2, or in the same report as ever.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mlsec.cli.host_errors import sentence_of
from tests.attacks.limited import EASY, check_refused, repository, run, run_here

NOBODY = 12345
POLICY = """\
version: 1
anchors: {a: {type: key, pem: none.pub}}
models: [{match: {path: "**"}, require: {signers: [{anchor: a}]}}]
"""


SCAN = ("scan", "code", "--fail-on", "medium")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host")
    repository(folder / "code")
    return folder


@pytest.fixture(scope="module")
def usual(place: Path) -> bytes:
    ended = run(*SCAN, cwd=place)
    assert ended.code == 10
    assert b"has direct internet access" in ended.out
    return ended.out


# What does not meet each other is scarce at once.
SCARCE = (
    "ulimit -n 64; ulimit -v 524288; ulimit -c 0; ulimit -s 512; ulimit -l 0; exec 2>/dev/full",
    "unset HOME; export TMPDIR=/nowhere LC_ALL=POSIX TZ=Nowhere/Never; exec <&-",
    "export HOME=/proc/none PYTHONIOENCODING=ascii TZ=:/dev/zero; exec 2>&-",
    "export HOME=. XDG_CACHE_HOME=cache LC_ALL=C LANG=C PYTHONUTF8=0 TZ='<+99>-99'",
    "export PYTHONCOERCECLOCALE=0 LC_ALL=C LANG=C PYTHONUTF8=0",
)


@pytest.mark.parametrize("before", SCARCE)
def test_what_is_scarce_and_enough_changes_nothing(before: str, place: Path, usual: bytes) -> None:
    ended = run(*SCAN, cwd=place, before=before)
    assert (ended.code, ended.out) == (10, usual), ended.err


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("ulimit -n 6", "too many files are open"),
        ("ulimit -v 60000", "memory"),
        ("ulimit -v 64000", "memory"),
        ("ulimit -f 0", "no folder for temporary files"),
        ("ulimit -f 1", "make room"),
    ],
)
def test_too_little_is_one_sentence_and_what_to_do(
    before: str, sentence: str, place: Path, usual: bytes
) -> None:
    del usual  # the control: the same command on a machine that lacks nothing
    ended = run(*SCAN, cwd=place, before=before)
    check_refused(ended, sentence)
    assert "= help: " in ended.err


def test_an_allocation_that_failed_in_silence_is_too_little_memory() -> None:
    # What CPython 3.11 raised under ulimit -v 60000, once in many runs.
    said = sentence_of(SystemError("error return without exception set"))
    assert said is not None
    assert "memory" in said.message
    assert sentence_of(SystemError("bad argument to internal function")) is None


def test_no_more_threads(place: Path, usual: bytes) -> None:
    del usual
    open_up(place)
    # Root may start as many as it likes, whatever the limit.
    before = "ulimit -u 1" if os.geteuid() else as_nobody("ulimit -u 1;")
    ended = run("scan", place / "code", cwd=Path("/"), before=before)
    check_refused(ended, "no more processes or threads")


def as_nobody(limit: str = "") -> str:
    """Run what follows as a user without a name and a home, under limits of its own."""
    drop = (
        f"import os, sys; os.setgroups([]); os.setresgid({NOBODY}, {NOBODY}, {NOBODY});"
        f" os.setresuid({NOBODY}, {NOBODY}, {NOBODY}); os.environ.pop('HOME', None);"
        " os.execv('/bin/bash', ['bash', '-c', sys.argv[1], 'bash', *sys.argv[2:]])"
    )
    script = f'{limit} export PYTHONDONTWRITEBYTECODE=1; exec "$@"'
    return f'set -- {sys.executable} -I -S -c "{drop}" \'{script}\' "$@"'


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize(
    "words",
    ["scan CODE -f json --fail-on medium", "doctor", "rules list", "verify CODE --trust TRUST"],
)
def test_a_user_without_a_name_and_a_home(words: str, place: Path, usual: bytes) -> None:
    open_up(place)
    trust = place / "trust.yaml"
    trust.write_text(POLICY)
    line = words.replace("CODE", str(place / "code")).replace("TRUST", str(trust)).split()
    ended = run(*line, cwd=Path("/"), before=as_nobody())
    assert ended.code == run_here(*line, cwd=place).code, ended.err
    assert "crashed" not in ended.err


def open_up(folder: Path) -> None:
    """Let other users go through the folders that pytest made for its own."""
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o055)


@pytest.mark.parametrize("words", ["scan code", "rules list", "--help", "scan --help", "--version"])
@pytest.mark.parametrize("after", [">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_output_that_nobody_can_read_is_an_error(words: str, after: str, place: Path) -> None:
    ended = run(*words.split(), cwd=place, after=after)
    if "2>" in after:
        assert (ended.code, ended.err) == (2, "")
    else:
        check_refused(ended, "stdout: the output cannot be written")


@pytest.mark.parametrize("words", ["scan code", "rules list", "--help", "scan --help", "--version"])
def test_output_that_somebody_reads_is_no_error(words: str, place: Path) -> None:
    assert run(*words.split(), cwd=place).code in (0, 10)


@pytest.mark.parametrize("words", ["scan code -f json", "rules list", "scan --help", "--version"])
def test_a_reader_that_leaves_is_no_crash(words: str, place: Path) -> None:
    line = " ".join(words.split())
    ended = run(cwd=place, before=f'set -o pipefail; "$@" {line} | exec true; exit $?')
    assert ended.code == 141
    assert ended.err == ""
    ended = run(cwd=place, before=f'set -o pipefail; "$@" {line} | cat; exit $?')
    assert ended.code in (0, 10)


def test_no_other_file_takes_the_place_of_a_closed_stream(place: Path, tmp_path: Path) -> None:
    # What SQLite or a report opens first would else be number 1, and get what is printed.
    ended = run("scan", "code", "-o", tmp_path / "out", cwd=place, before="exec <&- >&- 2>&-")
    assert ended.code == 2
    assert run_here("report", "verify", tmp_path / "out", cwd=place).code == 0


@pytest.mark.parametrize("target", [".", "CODE"])
def test_a_working_folder_that_is_gone(target: str, place: Path, tmp_path: Path) -> None:
    gone = f"mkdir {tmp_path}/gone; cd {tmp_path}/gone; rmdir {tmp_path}/gone"
    target = target.replace("CODE", str(place / "code"))
    ended = run("scan", target, "-o", "out", cwd=place, before=gone)
    check_refused(ended, "the working folder no longer exists", "change to a folder")
    assert run("rules", "list", cwd=place, before=gone).code == 0
    (tmp_path / "gone").mkdir()
    ended = run_here("scan", target, "-o", "out", *EASY, cwd=tmp_path / "gone")
    assert ended.code == 0, ended.err


def test_a_umask_that_takes_everything(place: Path, tmp_path: Path) -> None:
    ended = run("scan", "code", "-o", tmp_path / "out", *EASY, cwd=place, before="umask 0777")
    assert ended.code == (0 if os.geteuid() == 0 else 2)
    assert "Traceback" not in ended.err
    for path in (tmp_path / "out").iterdir() if os.geteuid() == 0 else ():
        assert not path.stat().st_mode & 0o077


@pytest.mark.parametrize("words", [
    "scan DIR -f json", "scan FILE", "collect DIR -o NEW.mlsnap",
    "scan DIR -o NEW -f html,sarif,gitlab",
    "verify DIR --trust trust.yaml",
])  # fmt: skip
def test_names_that_are_no_text_are_names_all_the_same(words: str, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff")
    repository(odd)
    (tmp_path / "plain").mkdir()
    repository(tmp_path / "plain")
    (tmp_path / "trust.yaml").write_text(POLICY)
    codes = []
    for folder, new in ((odd, os.fsdecode(b"new\xff")), (tmp_path / "plain", "new")):
        line = [
            word.replace("DIR", str(folder)).replace("FILE", str(folder / "main.tf"))
            .replace("NEW", str(tmp_path / new))
            for word in words.split()
        ]  # fmt: skip
        is_odd = folder == odd
        ended = (run if is_odd else run_here)(*map(os.fsencode, line), cwd=tmp_path)
        assert "crashed" not in ended.err
        codes.append(ended.code)
    assert codes[0] == codes[1]


@pytest.mark.parametrize("words", [
    "ODD", "scan ODD", "scan plain --select ODD", "scan plain --rules ODD", "scan plain --ODD",
    "scan plain --waivers ODD", "scan plain --changed-since ODD", "report ODD", "history ODD",
    "sign ODD --key ODD",
])  # fmt: skip
def test_words_that_are_no_text_are_refused_in_one_sentence(words: str, tmp_path: Path) -> None:
    repository(tmp_path / "plain")
    line = [word.encode().replace(b"ODD", b"odd\xff") for word in words.split()]
    check_refused(run(*line, cwd=tmp_path))


def test_a_model_whose_name_is_no_text_is_not_signed(tmp_path: Path) -> None:
    odd = repository(tmp_path / os.fsdecode(b"odd\xff"))
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "k.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    check_refused(run("sign", os.fsencode(odd), "--key", "k.pem", cwd=tmp_path), "not Unicode text")
    odd.rename(tmp_path / "even")
    assert run("sign", "even", "--key", "k.pem", cwd=tmp_path).code == 0
