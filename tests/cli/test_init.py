"""``mlsec init``: what it detects and writes, and that it changes nothing that is there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from mlsec.cli.config.detect import detect
from mlsec.cli.config.schema import config_schema
from mlsec.cli.main import main


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with code and a model, of a user who is signed in to AWS and a cluster."""
    home, folder = tmp_path / "home", tmp_path / "place"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").touch()
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text('apiVersion: v1\ncurrent-context: "prod"\n')
    (folder / "infra" / "network").mkdir(parents=True)
    (folder / "infra" / "network" / "main.tf").touch()
    (folder / "models").mkdir()
    (folder / "models" / "a.safetensors").touch()
    (folder / ".venv" / "x").mkdir(parents=True)
    (folder / ".venv" / "x" / "b.pkl").touch()
    for name in ("AWS_PROFILE", "KUBECONFIG", "AZURE_CLIENT_ID", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(folder)
    return folder


def test_folders_and_accounts_are_detected(place: Path) -> None:
    found = detect(place)
    assert found.folders == {"./infra": "Terraform", "./models": "models"}
    assert found.live == {"aws": "aws", "kubernetes://prod": "kubernetes"}


def test_written_file_is_valid_and_can_be_used_at_once(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--schema"]) == 0
    text = (place / "mlsec.yaml").read_text()
    document = yaml.safe_load(text)
    assert document == {
        "targets": ["./infra", "./models"],
        "fail-on": "high",
        "environments": {
            "aws": {"targets": ["aws"]}, "kubernetes": {"targets": ["kubernetes://prod"]},
        },
    }  # fmt: skip
    import jsonschema  # noqa: PLC0415 - a second to import

    jsonschema.validate(document, msgspec.json.decode(config_schema()))
    assert (place / "mlsec.schema.json").read_bytes() == config_schema()
    assert "next: mlsec scan --config mlsec.yaml\n" in capsys.readouterr().err
    assert main(["scan", "--config", "mlsec.yaml", "--print-config"]) == 0


def test_every_line_that_is_commented_out_is_a_setting(place: Path) -> None:
    assert main(["init"]) == 0
    text = (place / "mlsec.yaml").read_text()
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ") and ": " in line]
    settings = [line for line in lines if line.partition(":")[0].replace("-", "").islower()]
    assert len(settings) >= 7
    for line in settings:
        (place / "c.yaml").write_text(line + "\n")
        assert main(["scan", "./infra", "--config", "c.yaml", "--print-config"]) == 0


def test_nothing_that_is_there_is_changed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mlsec.yaml").write_text("mine")
    assert main(["init"]) == 2
    assert "there is one already" in capsys.readouterr().err
    (place / "mlsec.cron").write_text("mine")
    assert main(["init", "--schedule", "cron", "--schema"]) == 2
    assert (place / "mlsec.cron").read_text() == (place / "mlsec.yaml").read_text() == "mine"
    assert not (place / "mlsec.schema.json").exists()


def test_link_that_leads_out_of_the_repository_is_not_written_through(place: Path) -> None:
    (place / ".git").mkdir()
    (place / ".github").symlink_to(place.parent / "home")
    assert main(["init", "--schedule", "github"]) == 2
    assert not (place.parent / "home" / "workflows").exists()


@pytest.mark.parametrize(
    ("where", "path"),
    [("github", ".github/workflows/mlsec.yml"), ("gitlab", ".gitlab/mlsec.yml"),
     ("cron", "mlsec.cron")],
)  # fmt: skip
def test_schedule_names_the_file(where: str, path: str, place: Path) -> None:
    assert main(["init", "--schedule", where]) == 0
    text = (place / path).read_text()
    assert "mlsec.yaml" in text
    if where != "cron":
        assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_schedule_signs_in_to_the_clouds_that_were_detected(where: str, place: Path) -> None:
    assert main(["init", "--schedule", where]) == 0
    [path] = [*place.glob(".git*/**/mlsec.yml")]
    text = path.read_text()
    assert "111122223333:role/mlsec-scan" in text
    assert "azure" not in text.lower()
    assert "google" not in text.lower()
    assert "./infra\n" in text
