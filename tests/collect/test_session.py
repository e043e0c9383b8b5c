"""What the user must mend first is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.session import AwsTarget, open_session, parse_target


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws", AwsTarget()),
        ("aws://111122223333", AwsTarget(account="111122223333")),
        ("aws://111122223333/eu-west-1", AwsTarget(account="111122223333", regions=("eu-west-1",))),
        ("aws:///eu-west-1,us-east-1", AwsTarget(regions=("eu-west-1", "us-east-1"))),
    ],
)
def test_target_is_taken_apart(text: str, expected: AwsTarget) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["aws://mine", "awsx", "aws://111122223333/nowhere", "azure"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(MlsecError):
        parse_target(text)


def test_unknown_profile_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile prod]\nregion = eu-west-1\n")
    with pytest.raises(MlsecError, match=r"nobody.*prod"):
        open_session("nobody")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"no section\n[broken"])
def test_unreadable_credentials_file_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "credentials").write_bytes(content)
    with pytest.raises(MlsecError, match="cannot be read"):
        open_session()


def test_folder_in_place_of_the_credentials_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    with pytest.raises(MlsecError, match="cannot be read"):
        open_session()


def test_no_credentials_at_all_is_said() -> None:
    with pytest.raises(MlsecError, match="no AWS credentials"):
        open_session()
