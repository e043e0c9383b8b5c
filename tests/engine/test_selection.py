"""A selection finds a rule by its id and by every id that it had before."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Profile
from mlsec.core.errors import MlsecError
from mlsec.engine.model.rule import Rule
from mlsec.engine.rules.selection import keep_framework, keep_profile, load_selected
from tests.engine.small import load_texts, rule_text
from tests.shipped import shipped_rules

NOW, BEFORE = "s3/renamed-public", "s3/former-name"


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a rule that had another id before."""
    shipped = content_folder("rules") / "aws/s3/bucket-policy-public.yaml"
    folder = tmp_path_factory.mktemp("rules") / "s3"
    folder.mkdir()
    text = shipped.read_text("utf-8").replace(
        "id: s3/bucket-policy-public\n", f"id: {NOW}\naliases: [{BEFORE}]\n"
    )
    (folder / "renamed-public.yaml").write_text(text, "utf-8")
    return folder.parent


def selected(renamed: Path, *globs: str) -> list[str]:
    return [rule.id for rule in load_selected(content_folder("rules"), (renamed,), globs).rules]


def test_a_rule_is_selected_by_its_id_and_by_an_alias(renamed: Path) -> None:
    for glob in (NOW, BEFORE, "s3/former-n*"):
        assert selected(renamed, glob) == [NOW], glob


def test_a_rule_is_removed_by_its_id_and_by_an_alias(renamed: Path) -> None:
    every = selected(renamed, "s3/*")
    assert NOW in every
    for name in (NOW, BEFORE):
        assert selected(renamed, "s3/*", f"!{name}") == [one for one in every if one != NOW], name


def test_a_glob_that_matches_nothing_is_refused(renamed: Path) -> None:
    with pytest.raises(MlsecError, match="no rule matches"):
        selected(renamed, "s3/former-nam")


SHIPPED = shipped_rules()


@pytest.mark.parametrize("profile", Profile)
def test_a_profile_runs_what_it_asks_for_and_says_how_much_it_leaves_out(profile: Profile) -> None:
    kept = keep_profile(SHIPPED, profile)
    objectives = SHIPPED.frameworks.objectives
    assert {objectives[rule.objective].profile for rule in kept.rules if rule.objective} == {
        asked for asked in Profile if profile.includes(asked)
    }
    assert len(kept.rules) + len(kept.left_out) == len(SHIPPED.rules)
    counted = [notice for notice in kept.notices if f"{len(kept.left_out):,} rules" in notice]
    assert len(counted) == (1 if kept.left_out else 0)


def test_a_strict_rule_that_is_named_whole_runs_and_one_that_a_glob_meets_does_not() -> None:
    strict = next(
        rule.id
        for rule in SHIPPED.rules
        if rule.objective
        and SHIPPED.frameworks.objectives[rule.objective].profile is Profile.STRICT
    )
    for select, is_run in (((strict,), True), ((f"{strict[:-1]}?",), False)):
        judging = pipeline.Judging(select=select, profile=Profile.RECOMMENDED)
        assert (strict in {rule.id for rule in pipeline.load(judging).rules}) is is_run


def test_rules_of_an_organisation_without_an_objective_always_run(tmp_path: Path) -> None:
    ruleset = load_texts(tmp_path, rule_text("own/rule"))
    assert [rule.id for rule in keep_profile(ruleset, Profile.ESSENTIAL).rules] == ["own/rule"]


def test_the_engine_keeps_every_rule_unless_a_profile_is_chosen() -> None:
    assert len(pipeline.load(pipeline.Judging()).rules) == len(SHIPPED.rules)


def test_a_framework_chooses_the_rules_that_link_to_it() -> None:
    kept = keep_framework(SHIPPED, "nist-800-53:low")
    low = set(SHIPPED.frameworks.frameworks["nist-800-53"].profiles["low"])

    def linked(rule: Rule) -> set[str]:
        found = SHIPPED.frameworks.links(rule.objective, rule.controls)
        return {link.id.removeprefix("nist-800-53/") for link in found}

    assert kept.rules
    assert all(linked(rule) & low for rule in kept.rules)
    assert not any(linked(rule) & low for rule in kept.left_out)
    assert list(kept.frameworks.frameworks) == ["nist-800-53"]


@pytest.mark.parametrize("name", ["nist-800-5", "nist-800-53:lo"])
def test_an_unknown_framework_is_refused_with_a_suggestion(name: str) -> None:
    with pytest.raises(MlsecError, match="did you mean"):
        keep_framework(SHIPPED, name)
