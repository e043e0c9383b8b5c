"""Somebody hands over a report folder, an assessment, a baseline or evidence as text.

They gain a command that waits for ever on a pipe, reads a device without end, ends in a traceback,
or a folder that verifies though it holds a file of theirs. Each is refused or counted in one
sentence, and what a scan wrote is read as before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder

DEMO = content_folder("fixtures") / "demo"
DEEP = b"[" * 200_000
Make = Callable[[Path], None]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scanned") / "out"
    assert main(["snapshot", "import", str(DEMO), "-o", str(out / "evidence.mlsnap")]) == 0
    words = ["scan", str(out / "evidence.mlsnap"), "-o", str(out), "--fail-on", "none"]
    assert main(words) == 11
    return out


@pytest.fixture
def out(scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(scanned, tmp_path / "out"))


def _written(body: bytes) -> Make:
    return lambda path: path.write_bytes(body) and None


NOT_A_FILE: Mapping[str, Make] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path),
}
NOT_AN_ASSESSMENT: Mapping[str, Make] = {
    **NOT_A_FILE,
    "nested too deep": _written(DEEP),
    "nested too deep inside": _written(b'{"schema": "mlsec/assessment/2", "x": ' + DEEP),
    "nested too deep in a field": _written(
        b'{"schema": "mlsec/assessment/2", "scan": {"parameters": {"a": ' + DEEP
    ),
    "not UTF-8": _written(b'{"schema": "\xff\xfe"}'),
    "a lone surrogate": _written(b'{"schema": "\\ud800"}'),
    "a list": _written(b"[]"),
    "nothing": _written(b""),
    "numbers beyond all types": _written(
        b'{"schema": "mlsec/assessment/2", "scan": {"calls": 1' + b"0" * 400 + b"}}"
    ),
}
READERS = (
    "report BAD", "report BAD -f html", "diff BAD out", "diff out BAD",
    "scan out/evidence.mlsnap --baseline BAD",
    "rules explain sagemaker/notebook-direct-internet x --assessment BAD",
)  # fmt: skip


def is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> bool:
    capsys.readouterr()
    code = main(command.split())
    written = capsys.readouterr()
    errors = [line for line in written.err.splitlines() if line.startswith("error: ")]
    return (code, len(errors), written.out) == (2, 1, "") and "Traceback" not in written.err


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("name", NOT_AN_ASSESSMENT)
def test_what_is_no_assessment_is_refused(
    command: str, name: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert out.is_dir()
    NOT_AN_ASSESSMENT[name](Path("bad"))
    assert is_refused(command.replace("BAD", "bad"), capsys)


@pytest.mark.parametrize("name", NOT_A_FILE)
@pytest.mark.parametrize(
    "where", ["SHA256SUMS", "report.html", "assessment.json", "evidence.mlsnap"]
)
def test_a_report_folder_with_something_else_than_files_does_not_verify(
    name: str, where: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / where).unlink()
    NOT_A_FILE[name](out / where)
    assert is_refused("report verify out", capsys)


@pytest.mark.parametrize(
    "name", ["report2.html", ".hidden", "deep/er/results.sarif", "notes.txt", "a link", "a\u202eb"]
)
def test_files_that_the_list_does_not_name_are_counted(
    name: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    if name == "a link":
        (out / name).symlink_to("/etc")
    else:
        (out / name).write_text("theirs")
    assert main(["report", "verify", "out"]) == 11
    written = capsys.readouterr()
    assert "1 file in the folder that SHA256SUMS does not name" in written.err
    assert (name.replace("\u202e", "\\u202e")) in written.err
    assert written.out.startswith("files: ")


def test_evidence_beside_a_report_counts_where_other_evidence_is_checked(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "verify", "out"]) == 0
    shutil.copytree(out, "kept")
    (out / "evidence.mlsnap").write_bytes(b"theirs")
    words = ["report", "verify", "out", "--evidence", "kept/evidence.mlsnap"]
    assert main(words) == 11
    assert "evidence.mlsnap" in capsys.readouterr().err
    (out / "evidence.mlsnap").unlink()
    assert main(words) == 0


CALL = b'{"scope":"aws/1","service":"s","operation":"o"%s}\n'
TWINS: Mapping[str, tuple[str, bytes | Make]] = {
    **{
        f"{name} for {file}": (file, make)
        for name, make in NOT_A_FILE.items()
        for file in ("meta.json", "calls.jsonl", "times.jsonl")
    },
    "a head nested too deep": ("meta.json", b'{"schema":1,"x":' + DEEP),
    "a head of numbers": ("meta.json", b'{"schema":1,"meta":{"a":1},"clock":{}}'),
    "a fact with a lone surrogate": (
        "meta.json", b'{"schema":1,"meta":{"targets":"\\ud800"},"clock":{}}'
    ),
    "targets that are a number": (
        "meta.json", b'{"schema":1,"meta":{"targets":"7"},"clock":{}}'
    ),
    "an answer nested too deep": ("calls.jsonl", CALL % (b',"answer":' + DEEP + b"]" * 200_000)),
    "parameters nested too deep": ("calls.jsonl", CALL % (b',"params":{"a":' + DEEP + b"}")),
    "an answer that is not UTF-8": ("calls.jsonl", CALL % b',"answer":"\xff"'),
    "a lone surrogate": ("calls.jsonl", CALL % b',"detail":"\\ud800"'),
    "a call twice": ("calls.jsonl", CALL % b"" + CALL % b',"answer":{}'),
    "an end that is not known": ("calls.jsonl", CALL % b',"status":"fine"'),
    "a reason that is not known": ("calls.jsonl", CALL % b',"status":"gap","reason":"tired"'),
    "a field more": ("calls.jsonl", CALL % b',"more":1'),
    "a provider that is not known": (
        "calls.jsonl", b'{"scope":"../../x","service":"s","operation":"o"}\n'
    ),
    "a duration beyond all types": (
        "times.jsonl", b'{"id":"x","took_ms":1' + b"0" * 60 + b"}\n"
    ),
    "a negative duration": ("times.jsonl", b'{"id":"x","took_ms":-1}\n'),
    "times nested too deep": ("times.jsonl", b'{"id":"x","y":' + DEEP),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_evidence_as_text_that_is_none_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file, content = TWINS[name]
    shutil.copytree(DEMO, "twin")
    if callable(content):
        Path("twin", file).unlink()
        content(Path("twin", file))
    else:
        Path("twin", file).write_bytes(content)
    assert is_refused("scan --evidence twin", capsys)
    assert not any(path.name.startswith("new") for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", [*NOT_A_FILE, "nested too deep", "long"])
def test_a_signature_that_is_none_is_refused(
    name: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path("key.pub").write_bytes(pem)
    signature = out / "evidence.mlsnap.sig"
    make = NOT_A_FILE.get(name) or _written(DEEP if name == "nested too deep" else b" " * 10**6)
    make(signature)
    assert is_refused("snapshot verify out/evidence.mlsnap --key key.pub", capsys)
