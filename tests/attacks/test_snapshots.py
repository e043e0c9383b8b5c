"""Somebody hands over a snapshot that they made, to be assessed, shown, exported or replayed.

They gain a scan that never ends, takes the machine's memory, runs what they wrote, or says that
doctored evidence is the evidence that was sealed. Every such file is refused with one sentence and
exit code 2; a sound one is read, whatever lies beside it.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mlsec.cli.main import main
from mlsec.core.errors import MlsecError
from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot
from tests.attacks.hostile_snapshots import HOSTILE, ONE, change, put_answer, reseal, sound

MEMORY_BYTES = 2 * 1024**3
SECONDS = 120


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a child that may take no more than so much memory and time."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mlsec", *map(str, words)],
        capture_output=True, text=True, timeout=SECONDS, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
    )  # fmt: skip


def is_one_error(code: int, stdout: str, stderr: str) -> bool:
    errors = [line for line in stderr.splitlines() if line.startswith("error: ")]
    return (code, stdout, len(errors), "Traceback" in stderr) == (2, "", 1, False)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_snapshot_is_refused_with_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.mlsnap"
    HOSTILE[name](path)
    code = main(["scan", "--evidence", str(path)])
    written = capsys.readouterr()
    assert is_one_error(code, written.out, written.err), written.err
    assert str(path) in written.err


BOMBS = (
    "an answer that unpacks to 300 MB", "one answer of many calls", "an answer nested too deep",
    "a view that never ends for calls", "pages that all lead to one", "a page that leads to itself",
)  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_memory_nor_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.mlsnap"
    HOSTILE[name](path)
    done = run("scan", path)
    assert is_one_error(done.returncode, done.stdout, done.stderr), done.stderr


COMMANDS = (
    "scan --evidence X", "scan X", "snapshot show X", "snapshot verify X", "replay X",
    "snapshot export X -o new", "snapshot sign X --key key.pem",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "name",
    ["an answer of another digest", "a seal of another", "a call that was taken away",
     "an answer of a negative size", "a trigger", "a pipe"],
)  # fmt: skip
def test_every_command_verifies_first(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path("key.pem").write_bytes(pem)
    HOSTILE[name](Path("x.mlsnap"))
    code = main(command.replace("X", "x.mlsnap").split())
    written = capsys.readouterr()
    assert is_one_error(code, written.out, written.err), written.err
    assert not Path("new").exists()


def test_a_genuine_seal_is_not_written_into_an_assessment_of_other_answers(tmp_path: Path) -> None:
    path = tmp_path / "x.mlsnap"
    sound(path)
    with open_evidence(path) as snapshot:
        seal = snapshot.seal()
    put_answer(path, b'{"NotebookInstances":[]}')
    with open_evidence(path) as snapshot:
        assert snapshot.seal() != seal, "whoever seals again has another seal"
    change(path, "UPDATE meta SET value = :seal WHERE key = 'seal'", values={"seal": seal})
    assert main(["scan", str(path), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_an_answer_that_is_exchanged_during_the_scan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mlsnap"
    sound(path)
    with Snapshot.open(path) as snapshot:
        digests = [call.payload for call in snapshot.calls() if call.payload]
        change(path, "UPDATE payload SET body = x'789c2b56700100030d010a'")
        refused = 0
        for digest in digests:
            try:
                assert digest_of(snapshot.payload_bytes(digest)) == digest
            except MlsecError:
                refused += 1
        assert refused


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_what_lies_beside_a_snapshot_is_not_read(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = tmp_path / "x.mlsnap", tmp_path / "other.mlsnap"
    sound(path)
    assert main(["scan", str(path)]) == 10
    plain = capsys.readouterr().out
    shutil.copy(path, other)
    change(other, "PRAGMA journal_mode = WAL", f"DELETE FROM call WHERE {ONE}")  # noqa: S608
    Path(f"{path}{ending}").write_bytes(other.read_bytes())
    before = {item.name: item.read_bytes() for item in tmp_path.iterdir()}
    assert main(["scan", str(path)]) == 10
    assert capsys.readouterr().out == plain
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == before


def test_a_sound_snapshot_is_read_also_through_a_link_and_without_the_right_to_write(
    tmp_path: Path,
) -> None:
    path = tmp_path / "held" / "x.mlsnap"
    path.parent.mkdir()
    sound(path)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    link = tmp_path / "a link.mlsnap"
    link.symlink_to(path)
    try:
        assert main(["scan", str(link)]) == 10
        assert main(["snapshot", "verify", str(link)]) == 0
    finally:
        path.parent.chmod(0o700)


def test_names_of_a_snapshot_are_shown_and_not_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.mlsnap"
    sound(path)
    hostile = "\u202e\x1b]0;owned\x07../../<script>"
    change(path, "UPDATE meta SET value = :name WHERE key = 'principal'",
           values={"name": hostile})  # fmt: skip
    change(path, "UPDATE meta SET value = :name WHERE key = 'targets'",
           values={"name": f'["../../etc", "{chr(0x202E)}x"]'})  # fmt: skip
    reseal(path)
    assert main(["scan", str(path)]) == 10
    assert main(["snapshot", "show", str(path)]) == 0
    written = capsys.readouterr()
    assert not {"\x1b", "\x07", "\u202e"} & {*written.out, *written.err}


PARTS = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON call BEGIN DELETE FROM payload; END",
    "a view": "CREATE VIEW more AS SELECT 1",
    "an end that is not known": "UPDATE call SET status = 'fine'",
    "a blob for a reason": "UPDATE call SET reason = x'00'",
    "another application": "PRAGMA application_id = 7",
}


@pytest.mark.parametrize("name", PARTS)
def test_a_hostile_interrupted_collection_is_not_gone_on_with(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.tf").write_text('resource "aws_s3_bucket" "models" {}')
    part = tmp_path / "x.mlsnap.part"
    sound(part)
    change(part, PARTS[name])
    words = ["collect", str(tmp_path / "code"), "-o", str(tmp_path / "x.mlsnap"), "--resume"]
    code = main(words)
    written = capsys.readouterr()
    assert is_one_error(code, written.out, written.err), written.err


@pytest.mark.parametrize("seed", range(6))
def test_a_snapshot_with_random_damage_is_refused_or_read(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.mlsnap"
    sound(path)
    whole = path.read_bytes()
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 40))):
            at = chance.randrange(len(damaged))
            if chance.random() < 0.5:
                at = at // 4096 * 4096 + chance.randrange(16)  # the head of a page
            damaged[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        path.write_bytes(damaged)
        code = main(["snapshot", "verify", str(path)])
        written = capsys.readouterr()
        assert code == 0 or is_one_error(code, written.out, written.err), written.err
    assert [item.name for item in tmp_path.iterdir()] == ["x.mlsnap"]
