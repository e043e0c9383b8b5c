"""Somebody who may commit to a repository decides how, or whether, it is scanned.

They commit two small files that look like saved evidence, a folder that is named like a cloud, or
a file or link where the scan will put its reports. They gain a green gate over a hostile model. In
each case the command line alone says what is scanned; what was harmless stays so.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder
from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.folder import import_folder
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import SCHEMES, provider_of, scheme_of

DEMO = content_folder("fixtures") / "demo"
CI = Path(__file__).resolve().parents[2] / "ci" / "scan.sh"
HEAD = b'{"schema": 1, "meta": {"targets": "[\\".\\"]"}, "clock": {}}'


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("id",)


HOSTILE = pickle.dumps(Shell())
HONEST = b"GGUF\x03\0\0\0" + bytes(16)


def repository(path: Path, model: bytes = HOSTILE, name: str = "model.pkl") -> Path:
    path.mkdir(parents=True)
    (path / name).write_bytes(model)
    return path


def pose(folder: Path) -> None:
    """Make a folder look like evidence of a scan that found nothing."""
    folder.mkdir(exist_ok=True)
    (folder / "meta.json").write_bytes(HEAD)
    (folder / "calls.jsonl").write_bytes(b"")


def scan(*words: str | Path) -> int:
    return main(["scan", *map(str, words)])


@pytest.mark.parametrize("where", [".", "nested", "deep/aws"])
@pytest.mark.parametrize("model", [HOSTILE, HONEST], ids=["hostile", "honest"])
def test_files_of_evidence_in_a_repository_do_not_stand_for_its_scan(
    where: str, model: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository(tmp_path / "r", model)
    plain = scan(folder, "--min-coverage", "0")
    (folder / where).mkdir(parents=True, exist_ok=True)
    pose(folder / where)
    capsys.readouterr()
    assert scan(folder, "--min-coverage", "0") == plain == (10 if model == HOSTILE else 0)
    is_root = where == "."
    assert (f"mlsec scan --evidence {folder}" in capsys.readouterr().err) == is_root


@pytest.mark.parametrize("name", ["evidence.mlsnap", "model.pkl.mlsnap"])
def test_a_folder_is_a_folder_also_under_the_name_of_a_snapshot(name: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / name)
    pose(folder)
    assert scan(folder) == 10


@pytest.mark.parametrize("name", ["evidence.mlsnap.part", "model.pkl", "x.mlsnap.bak"])
def test_a_snapshot_under_another_name_is_a_file_and_says_so(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_folder(DEMO, tmp_path / "x.mlsnap")
    saved = (tmp_path / "x.mlsnap").rename(tmp_path / name)
    assert scan(saved) == 11
    written = capsys.readouterr()
    assert f"mlsec scan --evidence {saved}" in written.err
    assert "sagemaker" not in written.out


def test_a_snapshot_inside_a_repository_adds_nothing_to_its_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository(tmp_path / "r")
    import_folder(DEMO, folder / "evidence.mlsnap")
    assert scan(folder) == 10
    assert "sagemaker" not in capsys.readouterr().out


def test_evidence_is_assessed_where_the_command_line_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = Path(shutil.copytree(DEMO, tmp_path / "twin"))
    saved = tmp_path / "x.mlsnap"
    import_folder(twin, saved)
    outputs = []
    for words in (("--evidence", twin), ("--evidence", saved), (saved,)):
        assert scan(*words, "-f", "text") == 10
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2]
    assert "sagemaker" in outputs[0]
    assert scan("--evidence", twin, tmp_path) == 2
    assert scan(saved, tmp_path) == 2
    assert scan() == 2


@pytest.mark.parametrize("word", sorted(SCHEMES))
def test_a_folder_named_like_a_scheme_does_not_replace_the_address(
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (word, f"{word}:", f"{word}:/x"):
        pose(Path(name))
    is_cloud = SCHEMES[word] == word
    assert provider_of(word) == (word if is_cloud else "files")
    assert provider_of(f"{word}://x") == SCHEMES[word]
    assert scheme_of(f"./{word}") == scheme_of(f"{word}/") == scheme_of(f"./{word}://x") == ""
    assert scan(f"{word}://x", "--offline") == 2
    if is_cloud:
        assert scan(word, "--offline") == 2
    assert scan(f"./{word}", "--offline") == 0
    assert "2 files found = 0 assessed + 2 excluded" in capsys.readouterr().out


def test_a_cloud_is_asked_though_a_folder_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DEMO, tmp_path / "aws")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert scan("aws") == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "no AWS credentials" in written.err
    assert '"./aws"' in written.err


@pytest.mark.parametrize(("model", "code"), [(HOSTILE, "10"), (HONEST, "0")])
def test_the_script_for_ci_scans_a_repository_that_poses_as_evidence(
    model: bytes, code: str, tmp_path: Path
) -> None:
    folder = repository(tmp_path / "r", model)
    pose(folder)
    home = tmp_path / "home"
    home.mkdir()
    (home / "venv").symlink_to(sys.prefix)
    done = subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", str(CI)], cwd=folder, capture_output=True, check=False, text=True,
        env={
            "PATH": os.environ["PATH"], "MLSEC_HOME": str(home), "HOME": str(tmp_path),
            "MLSEC_OUT": str(tmp_path / "out"), "MLSEC_MIN_COVERAGE": "0",
        },
    )  # fmt: skip
    assert str(done.returncode) == code, done.stderr


@pytest.mark.parametrize("name", ["report.html", "assessment.json", "evidence.mlsnap", "alias"])
def test_a_link_where_a_report_goes_does_not_hide_what_it_leads_to(
    name: str, tmp_path: Path
) -> None:
    folder = repository(tmp_path / "r")
    (folder / "out").mkdir()
    (folder / "out" / name).symlink_to("../model.pkl")
    assert scan(folder, "-o", folder / "out", "--min-coverage", "0") == 10
    assert (folder / "model.pkl").read_bytes() == HOSTILE


@pytest.mark.parametrize(
    "name",
    ["report.html", "assessment.json", "results.sarif", "summary.md", "SHA256SUMS",
     "evidence.mlsnap", "evidence.mlsnap.draft", "evidence.mlsnap-wal", "evidence.mlsnap-journal"],
)  # fmt: skip
def test_a_model_where_a_report_goes_is_assessed(name: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / "r" / "out", name=name).parent
    assert scan(folder, "-o", folder / "out", "--min-coverage", "0") == 10


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_log_that_lay_there_is_not_taken_into_the_evidence(ending: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    out = folder / "out"
    out.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (out / f"evidence.mlsnap.part{ending}").symlink_to(victim)
    assert scan(folder, "-o", out, "--min-coverage", "0") == 10
    assert victim.read_bytes() == b"precious"


def test_a_report_of_an_earlier_scan_changes_nothing(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    out = folder / "out"
    seen = []
    for _ in range(3):
        assert scan(folder, "-o", out, "-f", "json,html,sarif,markdown") == 10
        assessment = msgspec.json.decode((out / "assessment.json").read_bytes())
        seen.append(sorted(finding["fingerprint"] for finding in assessment["findings"]))
    assert seen[0] == seen[1] == seen[2]


def test_an_interrupted_collection_in_a_repository_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    out = folder / "out"
    with Snapshot.create(out / "evidence.mlsnap") as begun:
        begun.set_meta("targets", "[]")
        with open_evidence(DEMO) as saved:
            begun.record_all((call, None) for call in saved.calls() if not call.payload)
    assert scan(folder, "-o", out) == 2
