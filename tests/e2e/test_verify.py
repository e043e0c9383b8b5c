"""What a written report can prove: its own bytes, its evidence, and who signed that."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from mlsec.cli import exits
from mlsec.cli.attestation import signature_file
from mlsec.cli.main import main
from tests.e2e import runs
from tests.e2e.key_files import Keys, private_pem
from tests.estate.model import ACCOUNT, HOME
from tests.estate.serve import RunningAws

_DEMO = runs.ROOT / "fixtures" / "demo"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture(scope="module")
def written(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scan, with its signed evidence."""
    out = tmp_path_factory.mktemp("written") / "out"
    evidence = out / "evidence.mlsnap"
    out.mkdir()
    assert main(["snapshot", "import", str(_DEMO), "-o", str(evidence)]) == 0
    assert main(["scan", str(evidence), "-o", str(out), "--fail-on", "none"]) == exits.INCOMPLETE
    assert main(["snapshot", "sign", str(evidence), "--key", str(keys.private)]) == 0
    assert main(["report", "sign", str(out), "--key", str(keys.private)]) == 0
    return out


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "out"))


def test_folder_as_it_was_written_passes(
    out: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "verify", str(out), "--key", str(keys.public)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "files", "evidence", "assessment", "settings", "settings", "command line in the reports",
        "reports", "evidence", "assessment",
    ]  # fmt: skip


def test_single_assessment_without_its_evidence_is_incomplete_and_says_so(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "evidence.mlsnap").unlink()
    assert main(["report", "verify", str(out / "assessment.json")]) == exits.INCOMPLETE
    assert "is not here: give --evidence" in capsys.readouterr().err


def test_list_is_what_sha256sum_checks(out: Path) -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("no sha256sum on this machine")
    done = subprocess.run(  # noqa: S603 - a tool of the system
        [tool, "--check", "--strict", "SHA256SUMS"], cwd=out, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["report.html", "results.sarif", "assessment.json"])
@pytest.mark.parametrize("what", ["was changed", "is missing"])
def test_file_that_is_not_as_written_is_named(
    name: str, what: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = out / name
    whole = path.read_bytes()
    path.unlink()
    if what == "was changed":
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert main(["report", "verify", str(out)]) == exits.BAD_INPUT
    assert f"{name} {what}" in capsys.readouterr().err


def test_rendering_one_format_again_keeps_what_is_known_of_the_others(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(out), "-o", str(out), "-f", "sarif"]) == 0
    assert main(["report", "verify", str(out)]) == 0
    (out / "report.html").write_text("other")
    assert main(["report", "verify", str(out)]) == exits.BAD_INPUT
    assert "report.html was changed" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["x  report.html", f"{'0' * 64}  ../report.html"])
def test_list_that_is_none_is_refused(
    line: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "SHA256SUMS").write_text(line + "\n")
    assert main(["report", "verify", str(out)]) == exits.BAD_INPUT
    assert "SHA256SUMS:1" in capsys.readouterr().err


def test_folder_without_a_list_is_no_pass(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (out / "SHA256SUMS").unlink()
    assert main(["report", "verify", str(out)]) == exits.BAD_INPUT
    assert "no SHA256SUMS" in capsys.readouterr().err


def test_evidence_of_another_scan_is_refused(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(_DEMO, tmp_path / "other"))
    calls = (folder / "calls.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "calls.jsonl").write_text("".join(calls[1:]), "utf-8")
    words = ["report", "verify", str(out), "--evidence", str(folder)]
    assert main(words) == exits.BAD_INPUT
    assert re.search(r"was made from \w{12}, this evidence is \w{12}", capsys.readouterr().err)


def test_signature_of_another_key_is_refused(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = Keys(tmp_path, "theirs")
    for words in (
        ["report", "verify", str(out)],
        ["snapshot", "verify", str(out / "evidence.mlsnap")],
    ):
        assert main([*words, "--key", str(theirs.public)]) == exits.BAD_INPUT
        assert "another key signed it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (rb'"payload":"[^"]{4}', b'"payload":"AAAA', "not of this key and content"),
        (rb'"sig":"[^"]{8}', b'"sig":"AAAAAAAA', "not of this key and content"),
        (rb'"sig":"[^"]', b'"sig":"?', "base64"),
        (rb"bundle.v0.3", b"bundle.v9.9", "unknown media type"),
        (rb"in-toto", b"out-toto", "no in-toto statement"),
    ],
)
def test_tampered_signature_is_refused(
    before: bytes,
    after: bytes,
    words: str,
    out: Path,
    keys: Keys,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = signature_file(out / "evidence.mlsnap")
    path.write_bytes(re.sub(before, after, path.read_bytes(), count=1))
    assert main(["report", "verify", str(out), "--key", str(keys.public)]) == exits.BAD_INPUT
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", ["assessment.json", "evidence.mlsnap"])
def test_what_is_not_signed_is_no_pass_when_a_key_is_given(
    name: str, out: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "verify", str(out), "--key", str(keys.public)]
    signature_file(out / name).unlink()
    assert main(words) == exits.INCOMPLETE
    assert f"{name}.sig is not here" in capsys.readouterr().err
    for path in out.glob("*.sig"):
        path.unlink()
    assert main(words) == exits.BAD_INPUT
    assert "there is no signature" in capsys.readouterr().err


def test_collected_evidence_is_signed(
    aws: RunningAws, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = tmp_path / "taken.mlsnap"
    words = ["collect", f"aws://{ACCOUNT}/{HOME}", "-o", str(evidence)]
    assert main([*words, "--sign-key", str(keys.private)]) in (exits.CLEAN, exits.INCOMPLETE)
    assert main(["snapshot", "verify", str(evidence), "--key", str(keys.public)]) == 0
    assert "signed by the key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (b"no key", "no private key"),
        (private_pem(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (private_pem(ed25519.Ed25519PrivateKey.generate(), b"word"), "password"),
    ],
    ids=["text", "other kind", "encrypted"],
)
def test_key_that_cannot_sign_is_refused_before_anything_is_asked(
    pem: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.pem").write_bytes(pem)
    evidence = tmp_path / "e.mlsnap"
    collect = ["collect", "aws", "-o", str(evidence), "--sign-key", str(tmp_path / "key.pem")]
    assert main(collect) == exits.BAD_INPUT
    assert words in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [tmp_path / "key.pem"]
