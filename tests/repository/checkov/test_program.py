"""checkov is run on copies, with an empty home and environment, and has an end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.repository.checkov import program
from mlsec.repository.checkov.program import Program, ProgramFailure, find_checkov, run_checkov

FILES = [("main.tf", b"# x\n"), ("a/.hidden/b.yaml", b"y: 1\n")]


def stand_in(folder: Path, body: str) -> Program:
    """A program in place of checkov."""
    path = folder / "checkov"
    path.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, subprocess, sys, time\n{body}\n"
    )
    path.chmod(0o755)
    return Program(path=str(path))


def test_it_sees_copies_and_an_environment_without_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "TF_TOKEN"):
        monkeypatch.setenv(name, "canary")
    asked = stand_in(
        tmp_path,
        "here = sys.argv[sys.argv.index('--directory') + 1]\n"
        "found = [str(p.relative_to(here)) for p in pathlib.Path(here).rglob('*') if p.is_file()]\n"
        "print(json.dumps([sys.argv[1:], dict(os.environ), sorted(found), os.listdir()]))",
    )
    done = run_checkov(asked, FILES)
    assert not isinstance(done, ProgramFailure)
    words, environment, found, home = json.loads(done[0])
    assert found == ["a/.hidden/b.yaml", "main.tf"]
    assert home == []
    assert "canary" not in environment.values()
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert environment["CKV_IGNORE_HIDDEN_DIRECTORIES"] == "False"
    assert {"--skip-download", "--compact", "--soft-fail"} <= {*words}
    assert words[words.index("--download-external-modules") + 1] == "false"
    assert not {"helm", "kustomize", "secrets", "sca_package"} & {*words}
    assert not Path(done[1]).exists()


@pytest.mark.parametrize(
    ("body", "reason", "said"),
    [
        ("sys.exit(3)", GapReason.UNRESOLVED, "ended with 3"),
        ("print('x' * 3000)", GapReason.OVER_LIMIT, "more than 1,000 bytes"),
        ("time.sleep(60)", GapReason.TIMEOUT, "longer than"),
        (
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
            GapReason.TIMEOUT, "longer than",
        ),
    ],
    ids=["a crash", "too much", "too long", "a child that holds the pipe"],
)  # fmt: skip
def test_why_it_said_nothing_is_kept(
    body: str, reason: GapReason, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "MAX_OUTPUT_BYTES", 1_000)
    monkeypatch.setattr(program, "TIMEOUT_S", 1.0 if reason is GapReason.TIMEOUT else 30.0)
    done = run_checkov(stand_in(tmp_path, body), FILES)
    assert isinstance(done, ProgramFailure)
    assert done.reason is reason
    assert said in done.detail


def test_it_is_found_as_named_else_by_variable_else_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "none" / ".venv"))
    monkeypatch.delenv("MLSEC_CHECKOV", raising=False)
    places = {}
    for name in ("named", "variable", "path"):
        (tmp_path / name).mkdir()
        places[name] = stand_in(tmp_path / name, "").path
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_checkov().path == places["path"]
    monkeypatch.setenv("MLSEC_CHECKOV", places["variable"])
    assert find_checkov().path == places["variable"]
    assert find_checkov(places["named"]).path == places["named"]
    monkeypatch.delenv("MLSEC_CHECKOV")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MlsecError, match="was not found"):
        find_checkov()


def test_one_in_the_current_folder_is_not_taken_from_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "none" / ".venv"))
    monkeypatch.delenv("MLSEC_CHECKOV", raising=False)
    stand_in(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    with pytest.raises(MlsecError, match="current folder"):
        find_checkov()


def test_version_is_told_by_its_environment_before_a_long_scan(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    made = stand_in(tmp_path / "bin", "")
    about = tmp_path / "lib/python3.12/site-packages/checkov-4.0.0.dist-info"
    about.mkdir(parents=True)
    with pytest.raises(MlsecError, match="has not been tried"):
        find_checkov(made.path)
