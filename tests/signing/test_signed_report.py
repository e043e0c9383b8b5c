"""Signatures of evidence and of a report: what they state, and a timestamp of an authority."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder
from tests.e2e.key_files import Keys
from tests.signing.make_timestamp import TimestampMaker
from tests.signing.test_timestamp_authority import Authority
from tests.signing.test_timestamp_authority import authority as authority  # noqa: PLC0414 - a fixture
from tests.signing.workshop import pem

DEMO = content_folder("fixtures") / "demo"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.mlsnap"
    assert main(["snapshot", "import", str(DEMO), "-o", str(path)]) == 0
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path, "ours")


def test_the_signature_is_an_in_toto_statement_about_the_file(evidence: Path, keys: Keys) -> None:
    assert main(["snapshot", "sign", str(evidence), "--key", str(keys.private)]) == 0
    bundle = json.loads(Path(f"{evidence}.sig").read_bytes())
    assert bundle["dsseEnvelope"]["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    [subject] = statement["subject"]
    assert subject["name"] == "evidence.mlsnap"
    assert set(subject["digest"]) == {"sha256", "mlsnapSeal"}
    assert statement["predicate"]["finishedAt"] == "2026-11-02T08:03:20Z"


def test_a_timestamp_counts_when_its_authority_is_named(
    evidence: Path,
    keys: Keys,
    authority: tuple[Authority, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made, url = authority
    sign = ["snapshot", "sign", str(evidence), "--key", str(keys.private)]
    assert main([*sign, "--timestamp-url", url]) == 0
    verify = ["snapshot", "verify", str(evidence), "--key", str(keys.public)]
    assert main(verify) == exits.INCOMPLETE
    assert "not checked: the timestamp of the signature" in capsys.readouterr().err
    (tmp_path / "tsa.pem").write_bytes(b"".join(pem(one) for one in made.chain))
    assert main([*verify, "--timestamp-root", str(tmp_path / "tsa.pem")]) == 0
    assert ", at 20" in capsys.readouterr().out
    assert main(sign) == 0, "signed again, without a timestamp"
    assert main([*verify, "--timestamp-root", str(tmp_path / "tsa.pem")]) == exits.INCOMPLETE
    assert "the signature has no timestamp" in capsys.readouterr().err
    assert main([*sign, "--timestamp-url", url]) == 0
    (tmp_path / "other.pem").write_bytes(b"".join(pem(one) for one in TimestampMaker().chain))
    assert main([*verify, "--timestamp-root", str(tmp_path / "other.pem")]) == exits.BAD_INPUT


def test_a_signature_of_a_report_is_none_of_its_evidence(
    evidence: Path, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scan", str(evidence), "-o", str(tmp_path), "--fail-on", "none", "-f", "json"]
    assert main([*words, "--min-coverage", "0", "--select", "iam/*"]) == 0
    assert main(["report", "sign", str(tmp_path), "--key", str(keys.private)]) == 0
    (tmp_path / "assessment.json.sig").rename(f"{evidence}.sig")
    verify = ["snapshot", "verify", str(evidence), "--key", str(keys.public)]
    assert main(verify) == exits.BAD_INPUT
    assert 'the signature is of "https://mlsec/assessment/v1"' in capsys.readouterr().err
