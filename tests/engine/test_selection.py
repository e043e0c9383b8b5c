"""A selection finds a rule by its id and by every id that it had before."""

from __future__ import annotations

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.engine.rules.selection import load_selected

NOW, BEFORE = "s3/bucket-externally-writable", "s3/bucket-outside-writers"


def selected(*globs: str) -> list[str]:
    return [rule.id for rule in load_selected(content_folder("rules"), (), globs).rules]


@pytest.mark.parametrize("glob", [NOW, BEFORE, "s3/bucket-outside-w*"])
def test_a_rule_is_selected_by_its_id_and_by_an_alias(glob: str) -> None:
    assert selected(glob) == [NOW]


@pytest.mark.parametrize("name", [NOW, BEFORE])
def test_a_rule_is_removed_by_its_id_and_by_an_alias(name: str) -> None:
    kept = selected("s3/*", f"!{name}")
    assert NOW not in kept
    assert len(kept) == len(selected("s3/*")) - 1


def test_a_glob_that_matches_nothing_is_refused() -> None:
    with pytest.raises(MlsecError, match="no rule matches"):
        selected("s3/bucket-outside-writer")
