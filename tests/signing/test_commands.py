"""``mlsec sign`` and ``mlsec verify`` as a user runs them: words, files and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from mlsec.cli.main import main
from tests.signing.make_timestamp import issue
from tests.signing.workshop import (
    ALICE,
    CODE,
    FILES,
    RELEASE,
    STRANGER,
    Workshop,
    pem,
    private_pem,
)

POLICY = """\
version: 1
anchors:
  release: {type: key, pem: release.pub}
  corp: {type: x509, roots: [corp.pem]}
models:
  - match: {path: "**"}
    lock: mlsec.lock
    require: {signers: [{anchor: release}, {anchor: corp, identity: {subject: CN=alice}}]}
"""
NOW = "2026-06-01"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Workshop(tmp_path)
    (tmp_path / "trust.yaml").write_text(POLICY)
    (tmp_path / "release.key").write_bytes(private_pem(RELEASE))
    (tmp_path / "alice.key").write_bytes(private_pem(ALICE.key))
    (tmp_path / "alice.pem").write_bytes(pem(ALICE.certificate))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verify(*more: str) -> int:
    return main(["verify", "model", "--trust", "trust.yaml", "--now", NOW, *more])


def test_signed_with_a_key_then_verified(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert capsys.readouterr().out == "model/model.sig\n"
    assert verify() == 0
    said = capsys.readouterr()
    assert "verified: model; 3 files signed" in said.out
    assert "recorded in the lock file" in said.err


def test_signed_with_a_certificate_then_verified(place: Path) -> None:
    words = ["sign", "model", "--key", "alice.key", "--certificate", "alice.pem"]
    assert main([*words, "--chain", "corp.pem", "-o", "model.sigstore.json"]) == 0
    assert verify() == 0
    assert json.loads((place / "model.sigstore.json").read_bytes())["mediaType"]


def test_two_signers_sign_the_same_files(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second leaves the first signature out, wherever his own goes."""
    policy = POLICY.replace("require: {", "require: {threshold: 2, ")
    (place / "trust.yaml").write_text(policy)
    assert main(["sign", "model", "--key", "release.key"]) == 0
    second = ["sign", "model", "--key", "alice.key", "--certificate", "alice.pem"]
    for output in ("model/second.sig", "model.sigstore.json"):
        assert main([*second, "--chain", "corp.pem", "-o", output]) == 0
        assert "signed 3 files" in capsys.readouterr().err
        assert verify() == 0
        Path(output).unlink()


SAID = {
    "wrong-password": (["--key", "locked.key", "--password-env", "PW"], "locked.key: the password"),
    "no-utf-8-password": (["--key", "locked.key", "--password-env", "ODD"], "locked.key: the pass"),
    "no-password": (["--key", "locked.key"], "locked.key: Password was not given"),
    "public-key": (["--key", "release.pub"], "release.pub: no private key"),
    "other-key": (["--key", "alice.key", "--certificate", "corp.pem"], "is for another key"),
}


@pytest.mark.parametrize("case", SAID)
def test_a_key_that_cannot_sign_is_named(
    case: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, said = SAID[case]
    locked = RELEASE.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (place / "locked.key").write_bytes(locked)
    monkeypatch.setenv("PW", "wrong")
    monkeypatch.setenv("ODD", os.fsdecode(b"\xff"))
    assert main(["sign", "model", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_password_may_be_any_bytes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = RELEASE.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"\xff\xfe")
    )
    (place / "locked.key").write_bytes(locked)
    monkeypatch.setenv("PW", os.fsdecode(b"\xff\xfe"))
    assert main(["sign", "model", "--key", "locked.key", "--password-env", "PW"]) == 0


def test_what_is_left_out_of_nothing_is_said(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sign", "model", "--key", "release.key", "--ignore"]
    assert main([*words, "config.json"]) == 0
    assert "left nothing out" not in capsys.readouterr().err
    assert main([*words, "confg.json"]) == 0
    assert "there is no confg.json in the model" in capsys.readouterr().err


def test_a_root_that_has_expired_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = issue("old root", end=datetime(2026, 5, 1, tzinfo=UTC))
    bob = issue("bob", old, is_ca=False, purposes=CODE)
    (place / "corp.pem").write_bytes(pem(old.certificate))
    (place / "bob.pem").write_bytes(pem(bob.certificate))
    (place / "bob.key").write_bytes(private_pem(bob.key))
    assert main(["sign", "model", "--key", "bob.key", "--certificate", "bob.pem"]) == 0
    assert verify() == 10
    assert "the certificate of CN=old root is valid from" in capsys.readouterr().out


def test_single_file_model(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "chat.gguf").write_bytes(b"GGUF")
    assert main(["sign", "chat.gguf", "--key", "release.key"]) == 0
    assert capsys.readouterr().out == "chat.gguf.sig\n"
    words = ["verify", "chat.gguf", "--trust", "trust.yaml"]
    assert main(words) == 0
    (place / "chat.gguf").write_bytes(b"GGML")
    assert main(words) == 10


def test_exit_codes_tell_failed_from_incomplete_from_bad_input(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify() == 10
    assert "there is no signature" in capsys.readouterr().out
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert main(["verify", "none", "--trust", "trust.yaml"]) == 2
    assert main(["verify", "model", "--trust", "none.yaml"]) == 2
    assert verify("--signature", "none.sig") == 2
    assert "none.sig: cannot be read: No such file" in capsys.readouterr().err
    assert verify("--signature", "model") == 2
    assert "model: is not a file" in capsys.readouterr().err
    (place / "release.pub").unlink()
    assert verify() == 2
    assert "release.pub: cannot be read" in capsys.readouterr().err


def test_lock_file_notices_another_version(place: Path) -> None:
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert verify() == 0
    before = (place / "mlsec.lock").read_bytes()
    (place / "model/config.json").write_bytes(b"[]")
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert verify() == 10
    assert (place / "mlsec.lock").read_bytes() == before


def test_json_gives_the_digests_for_the_loader(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["sign", "model", "--key", "release.key"])
    capsys.readouterr()
    assert verify("-f", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "mlsec/verdict/1"
    assert found["answer"] == "verified"
    assert [one["path"] for one in found["files"]] == sorted(FILES)
    assert all(len(one["digest"]) == 64 for one in found["files"])


def test_sarif_points_at_files_that_are_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["sign", "model", "--key", "release.key"])
    (place / "model/config.json").write_bytes(b"changed")
    (place / "model/model.safetensors").unlink()
    capsys.readouterr()
    assert verify("-f", "sarif") == 10
    [run] = json.loads(capsys.readouterr().out)["runs"]
    places = {}
    for one in run["results"]:
        [location] = one["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert (place / uri).is_file()
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        places[one["ruleId"]] = uri
    assert places["verify/files/unchanged"] == "model/config.json"
    assert places["verify/files/present"] == "model/model.sig"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["model", "--key", "none.key"], "cannot be read"),
        (["model", "--key", "release.pub"], "no private key"),
        (["model", "--key", "release.key", "--certificate", "alice.pem"], "for another key"),
        (["model", "--key", "release.key", "--chain", "corp.pem"], "--chain needs --certificate"),
        (["model", "--key", "release.key", "--ignore", "../x"], "plain relative path"),
        (["model", "--key", "release.key", "--password-env", "NOT_SET"], "is not set"),
        (["none", "--key", "release.key"], "No such file"),
        (["model", "--key", "release.key", "--shards", "0"], "whole number of 1 or more"),
    ],
)
def test_signing_that_cannot_be_is_one_sentence_and_writes_nothing(
    words: list[str], complaint: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", *words]) == 2
    assert complaint in capsys.readouterr().err
    assert not (place / "model/model.sig").exists()


def test_encrypted_key_takes_its_password_from_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    sealed = RELEASE.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    (place / "sealed.key").write_bytes(sealed)
    words = ["sign", "model", "--key", "sealed.key", "--password-env", "WORD"]
    monkeypatch.setenv("WORD", "wrong")
    assert main(words) == 2
    monkeypatch.setenv("WORD", "word")
    assert main(words) == 0
    assert verify() == 0


def test_unsigned_model_does_not_import_cryptography(place: Path) -> None:
    code = (
        "import sys; from mlsec.cli.main import main;"
        "code = main(['verify', 'model', '--trust', 'trust.yaml']);"
        "print(code, [name for name in sys.modules if name.startswith('cryptography')])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "10 []"


def test_stranger_is_named_by_what_failed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "other.key").write_bytes(private_pem(STRANGER))
    main(["sign", "model", "--key", "other.key"])
    capsys.readouterr()
    assert verify() == 10
    assert "fail[signature/valid]" in capsys.readouterr().out


def test_empty_file_cannot_be_signed_in_parts(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "model/__init__.py").write_bytes(b"")
    assert main(["sign", "model", "--key", "release.key", "--shards", "64"]) == 2
    assert '"__init__.py" is empty' in capsys.readouterr().err
    assert main(["sign", "model", "--key", "release.key"]) == 0
    assert verify() == 0
