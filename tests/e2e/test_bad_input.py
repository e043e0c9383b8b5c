"""What a user must mend ends with one clear sentence, exit code 2, and nothing half-written."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.cli import target as targets
from mlsec.core.errors import MlsecError
from tests.e2e import runs
from tests.e2e.conftest import Whole
from tests.estate.serve import RunningAws


def complaint(done: subprocess.CompletedProcess[str], *words: str) -> str:
    """Give the complaint, after checking that it is one and says these words."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    return errors[0]


@pytest.fixture
def copied(whole: Whole, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole.snapshot, tmp_path / "evidence.mlsnap"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_snapshot(share: float, copied: Path) -> None:
    whole = copied.read_bytes()
    copied.write_bytes(whole[: int(len(whole) * share)])
    complaint(runs.mlsec("scan", copied, "--offline"), "evidence.mlsnap")


def test_something_else_than_a_snapshot(tmp_path: Path) -> None:
    other = tmp_path / "holiday.mlsnap"
    other.write_bytes(b"\xff\xd8\xff\xe0" + bytes(4000))
    complaint(runs.mlsec("scan", other), "holiday.mlsnap", "not a snapshot")


def test_snapshot_of_a_newer_schema(copied: Path) -> None:
    with sqlite3.connect(copied) as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + 1}")
    complaint(runs.mlsec("scan", copied), "update mlsec")


def test_changed_snapshot_does_not_verify(copied: Path) -> None:
    with sqlite3.connect(copied) as database:
        database.execute("UPDATE call SET operation = 'ListNothing' WHERE id IN "
                         "(SELECT id FROM call LIMIT 1)")  # fmt: skip
    complaint(runs.mlsec("snapshot", "verify", copied), "seal does not hold")


def test_credentials_file_that_cannot_be_read(aws: RunningAws, tmp_path: Path) -> None:
    broken = tmp_path / "credentials"
    broken.write_bytes(b"\xff\xfe\x00 no text")
    done = runs.mlsec("scan", "aws", aws=aws, AWS_SHARED_CREDENTIALS_FILE=str(broken))
    complaint(done, str(broken))


def test_unknown_profile(aws: RunningAws) -> None:
    complaint(runs.mlsec("scan", "aws", "--aws-profile", "nowhere", aws=aws), "nowhere")


@pytest.mark.parametrize("name", ["mars-north-1", "eu_west_1"])
def test_unknown_region(name: str, aws: RunningAws) -> None:
    complaint(runs.mlsec("scan", f"aws://123456789012/{name}", aws=aws), name)


def test_account_of_somebody_else(aws: RunningAws) -> None:
    complaint(runs.mlsec("scan", "aws://111122223333", aws=aws), "111122223333")


def test_rule_folder_with_one_broken_file(copied: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "house"
    own.mkdir(parents=True)
    (own / "broken.yaml").write_text("id: house/broken\ntitle: [unclosed\n", "utf-8")
    done = runs.mlsec("scan", copied, "--rules", tmp_path / "own", "-o", tmp_path / "out")
    complaint(done, "broken.yaml:")
    assert not (tmp_path / "out").exists()


def test_output_folder_that_cannot_be_written(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    done = runs.mlsec("scan", copied, "-o", tmp_path / "file" / "out")
    complaint(done, "file")


def test_live_scan_asks_nothing_when_it_cannot_write(aws: RunningAws, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    complaint(runs.mlsec("scan", "aws", "-o", tmp_path / "file" / "out", aws=aws))
    assert sum(aws.counts().values()) == 0


def test_full_disk_keeps_what_was_collected(aws: RunningAws, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = _with_little_disk(150_000, "scan", "aws", "-o", str(out))
    complaint(done)
    left = [path.name for path in out.iterdir()]
    assert left
    assert [name for name in left if not name.startswith("evidence.mlsnap.part")] == []
    resumed = runs.mlsec("scan", "aws", "-o", out, "--resume", aws=aws)
    assert resumed.returncode in (10, 11), resumed.stderr


def test_full_disk_leaves_no_half_written_report(copied: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = _with_little_disk(400_000, "scan", str(copied), "-o", str(out))
    complaint(done)
    for path in out.iterdir() if out.exists() else ():
        assert path.stat().st_size < 400_000, path.name


def _with_little_disk(size_bytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where no file may grow beyond so many bytes."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mlsec", *words],
        cwd=runs.ROOT, capture_output=True, text=True, timeout=200, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("s3:/models/chat", "s3://models/chat"),
        ("gcs://models/chat", "gs://models/chat"),
        ("S3A://models", "s3://models"),
        ("awss://111122223333", "aws://"),
    ],
)
def test_misspelt_address_is_refused_with_the_one_that_was_meant(target: str, meant: str) -> None:
    with pytest.raises(MlsecError) as refused:
        targets.check_target(target)
    assert refused.value.hint == f'did you mean "{meant}"?'
