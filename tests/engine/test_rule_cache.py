"""The cache gives the same rules, notices every change, and a damaged one is as good as none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlsec.core.places import content_folder
from mlsec.engine.load import load_content
from mlsec.engine.mistakes import RuleFilesError
from mlsec.engine.rule_cache import SETTLED_S, keep_state, recall_state, state_key
from tests.engine.small import rule_text, small_vocabulary


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MLSEC_NO_CACHE", raising=False)
    folder = tmp_path / "content"
    small_vocabulary(folder)
    place = folder / "cloud" / "thing"
    place.mkdir(parents=True)
    (place / "bad.yaml").write_text(rule_text(must="{status: [InService, Stopped]}"))
    (place / "worse.yaml").write_text(rule_text("thing/worse"))
    return folder


def kept(content: Path) -> list[Path]:
    return sorted((content.parent / "cache" / "mlsec").glob("rules-*.bin"))


def test_the_kept_rules_equal_the_loaded_ones(content: Path) -> None:
    first = load_content(content)
    assert len(kept(content)) == 1
    assert load_content(content) == first


def test_the_kept_file_is_for_its_owner_only(content: Path) -> None:
    load_content(content)
    assert kept(content)[0].stat().st_mode & 0o077 == 0


def test_a_changed_file_of_the_same_size_and_time_is_noticed(content: Path) -> None:
    load_content(content)
    path = content / "cloud" / "thing" / "bad.yaml"
    facts = path.stat()
    path.write_text(path.read_text().replace("severity: high", "severity: hihg"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(RuleFilesError, match='did you mean "high"'):
        load_content(content)


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_cache_is_ignored(content: Path, damage: bytes | None) -> None:
    first = load_content(content)
    path = kept(content)[0]
    path.write_bytes(path.read_bytes()[:-7] if damage is None else damage)
    assert load_content(content) == first


def test_a_cache_folder_that_cannot_be_made_is_no_error(content: Path) -> None:
    (content.parent / "cache").write_text("a file stands here")
    assert len(load_content(content).rules) == 2


def test_loading_the_shipped_rules_imports_neither_jinja_nor_an_sdk(content: Path) -> None:
    code = (
        "import sys; from mlsec.engine.load import load_content; "
        "from mlsec.core.places import content_folder; load_content(content_folder('rules')); "
        "assert not {'jinja2', 'boto3', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter


def test_the_shipped_rules_survive_the_cache(content: Path) -> None:
    shutil.rmtree(content.parent / "cache", ignore_errors=True)
    first = load_content(content_folder("rules"))
    assert load_content(content_folder("rules")) == first


def later() -> float:
    """A moment at which nothing has been changed lately."""
    return time.time() + 2 * SETTLED_S


def test_a_state_that_was_seen_before_gives_the_rules_without_reading_them(content: Path) -> None:
    first = load_content(content)
    state = state_key([content], later())
    assert state is not None
    keep_state(state, kept(content)[0].stem.removeprefix("rules-"))
    assert recall_state(state_key([content], later())) == first


def test_a_file_changed_just_now_has_no_state_to_go_by(content: Path) -> None:
    assert state_key([content]) is None


def test_a_change_that_hides_its_time_and_size_is_another_state(content: Path) -> None:
    before = state_key([content], later())
    path = content / "cloud" / "thing" / "bad.yaml"
    facts = path.stat()
    time.sleep(0.02)  # longer than a tick of the clock of files
    path.write_text(path.read_text().replace("severity: high", "severity: info"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert path.stat().st_size == facts.st_size
    assert state_key([content], later()) not in (before, None)


@pytest.mark.parametrize("change", ["rename", "remove", "add", "vocabulary"])
def test_every_change_of_the_files_is_another_state(content: Path, change: str) -> None:
    before = state_key([content], later())
    path = content / "cloud" / "thing" / "bad.yaml"
    match change:
        case "rename":
            path.rename(path.with_name("other.yaml"))
        case "remove":
            path.unlink()
        case "add":
            path.with_name("new.yaml").write_text("id: thing/new")
        case _:
            place = next((content / "vocabulary").rglob("*.yaml"))
            place.write_text(place.read_text() + "# more")
    assert state_key([content], later()) not in (before, None)


def test_a_link_to_a_folder_has_no_state_to_go_by(content: Path) -> None:
    (content / "linked").symlink_to(content / "cloud")
    assert state_key([content], later()) is None


@pytest.mark.parametrize("text", ["", "../../x", "0" * 64, "\xff"])
def test_a_damaged_note_of_a_state_is_ignored(content: Path, text: str) -> None:
    load_content(content)
    keep_state("a" * 64, "0" * 64)
    note = content.parent / "cache" / "mlsec" / f"state-{'a' * 64}.key"
    note.write_bytes(text.encode("latin-1"))
    assert recall_state("a" * 64) is None
