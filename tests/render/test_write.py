"""Report files: private, whole or not at all, and a clear sentence when they cannot be written."""

from __future__ import annotations

import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples

from mlsec.core.errors import MlsecError
from mlsec.render import FORMATS, write_reports

MAIN_FILES = ("html", "sarif", "json", "text", "markdown")


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let no file grow beyond 4 kB: the write fails half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, former)


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    files = write_reports(samples.small(), tmp_path / "new" / "out", list(FORMATS))
    assert {FORMATS[name].file_name for name in FORMATS} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_nothing_but_the_reports_is_left_in_the_folder(tmp_path: Path) -> None:
    files = write_reports(samples.small(), tmp_path, MAIN_FILES)
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.usefixtures("full_disk")
def test_full_disk_leaves_the_former_reports_and_nothing_half_written(tmp_path: Path) -> None:
    former = tmp_path / "assessment.json"
    former.write_text("former")
    with pytest.raises(MlsecError, match="could not be written"):
        write_reports(samples.small(), tmp_path, MAIN_FILES)
    assert list(tmp_path.iterdir()) == [former]
    assert former.read_text() == "former"


def test_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "out"
    taken.write_text("")
    with pytest.raises(MlsecError, match="could not be written"):
        write_reports(samples.small(), taken, ["json"])


def test_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="pdf") as caught:
        write_reports(samples.small(), tmp_path, ["pdf"])
    assert "html" in caught.value.hint


@pytest.mark.parametrize("name", FORMATS)
def test_same_assessment_gives_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    first = write_reports(samples.rich(), tmp_path / "a", [name])
    second = write_reports(samples.rich(), tmp_path / "b", [name])
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
