"""The cache gives the same rules, notices every change, and a damaged one is as good as none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.engine.model.diagnostics import RuleFilesError
from mlsec.engine.rules.load import content_key_of, load_afresh, load_content
from mlsec.engine.rules.rule_cache import (
    SETTLED_S,
    keep_state,
    recall_shipped,
    recall_state,
    shipped_form,
    state_key,
)
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
        "import sys; from mlsec.engine.rules.load import load_content; "
        "from mlsec.core.content_paths import content_folder; "
        "load_content(content_folder('rules')); "
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
    keep_state(state, kept(content)[0].stem.rpartition("-")[2])
    assert recall_state(state_key([content], later()), content) == first


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


def alter(content: Path, change: str) -> None:
    path = content / "cloud" / "thing" / "bad.yaml"
    match change:
        case "rename":
            path.rename(path.with_name("other.yaml"))
        case "remove":
            path.unlink()
        case "add":
            path.with_name("new.yaml").write_text(rule_text("thing/new"))
        case "same size":
            path.write_text(path.read_text().replace("severity: high", "severity: info"))
        case _:
            place = next((content / "vocabulary").rglob("*.yaml"))
            place.write_text(place.read_text() + "# more")


CHANGES = ("rename", "remove", "add", "vocabulary", "same size")


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_files_is_another_state(content: Path, change: str) -> None:
    before = state_key([content], later())
    time.sleep(0.02)  # longer than a tick of the clock of files
    alter(content, change)
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
    assert recall_state("a" * 64, content) is None


@pytest.fixture
def shipped(content: Path) -> Path:
    """The file that an installation of this content brings."""
    file = content.parent / "checked-rules.bin"
    file.write_bytes(shipped_form(content_key_of(content), load_afresh(content), content))
    return file


def test_what_was_shipped_equals_the_loaded_wherever_it_is_installed(
    content: Path, shipped: Path, tmp_path: Path
) -> None:
    installed = tmp_path / "elsewhere" / "rules"
    shutil.copytree(content, installed)
    found = recall_shipped(content_key_of(installed), installed, shipped)
    assert found == load_afresh(installed)
    assert found.rules[0].place.startswith(str(installed))
    assert str(tmp_path).encode() not in shipped.read_bytes()


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_shipped_is_not_used_for_changed_files(
    content: Path, shipped: Path, change: str
) -> None:
    alter(content, change)
    assert recall_shipped(content_key_of(content), content, shipped) is None


def test_what_was_shipped_is_not_used_with_further_rules(content: Path, shipped: Path) -> None:
    own = content.parent / "own.yaml"
    own.write_text(rule_text("thing/own"))
    assert recall_shipped(content_key_of(content, (own,)), content, shipped) is None


@pytest.mark.parametrize("kept", [0, 20, 32, 50, 64, -7])
def test_what_was_shipped_in_part_is_not_used(content: Path, shipped: Path, kept: int) -> None:
    shipped.write_bytes(shipped.read_bytes()[:kept])
    assert recall_shipped(content_key_of(content), content, shipped) is None


def test_one_changed_byte_of_what_was_shipped_is_noticed(content: Path, shipped: Path) -> None:
    data = bytearray(shipped.read_bytes())
    data[len(data) // 2] ^= 1
    shipped.write_bytes(data)
    assert recall_shipped(content_key_of(content), content, shipped) is None


def test_two_folders_of_the_same_content_each_tell_their_own_places(
    content: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(content, other)
    load_content(content)
    assert {rule.place.partition("/cloud")[0] for rule in load_content(other).rules} == {str(other)}
    assert len(kept(content)) == 1


def test_the_places_of_own_rules_are_kept_as_they_are(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(content.parent)
    Path("thing").mkdir()
    Path("thing/own.yaml").write_text(rule_text("thing/own"))
    first = load_content(content, (Path("thing"),))
    assert len(kept(content)) == 1
    again = load_content(content, (Path("thing"),))
    assert again == first
    assert [rule.place for rule in again.rules if rule.id == "thing/own"] == ["thing/own.yaml:1"]
