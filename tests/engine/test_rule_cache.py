"""The cache gives the same rules, notices every change, and a damaged one is as good as none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.core.places import content_folder
from mlsec.engine.load import load_content
from mlsec.engine.mistakes import RuleFilesError
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
