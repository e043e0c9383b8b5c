"""``mlsec doctor TARGET`` tries to sign in, and says how to mend what fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.cli.main import main


def test_sign_in_that_fails_is_one_line_with_what_to_do_and_ends_with_11(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert main(["doctor", "aws", "kubernetes"]) == 11
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "aws: cannot sign in: no AWS credentials were found"
    assert lines[1].startswith("    to mend it: set AWS_PROFILE")
    assert lines[2].startswith("kubernetes: cannot sign in: ")


def test_folder_is_nothing_to_sign_in_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "docs"]) == 2
    assert "give aws, azure, gcp or kubernetes" in capsys.readouterr().err
