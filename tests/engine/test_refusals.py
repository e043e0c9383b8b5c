"""Every seeded typo is refused with file, line, column and, where one is near, a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.enums import Consequence, Effort, Exposure, Profile
from mlsec.core.errors import MlsecError
from mlsec.engine.model.diagnostics import RuleFilesError
from mlsec.engine.model.objectives import Objective
from mlsec.engine.rules.links_check import KnownControls
from tests.engine.small import load_texts, rule_text

OBJECTIVE = Objective(
    name="notebook-root-access",
    tests="Users of a notebook are not root on its machine.",
    exposure=Exposure.INSIDE,
    consequence=Consequence.TAKEOVER,
    effort=Effort.DIRECT,
    profile=Profile.RECOMMENDED,
)
KNOWN = KnownControls(
    controls={"nist-800-53": ("SC-7", "AC-6"), "iso-27001": ("A.8.2",)},
    objectives={"notebook-root-access": OBJECTIVE},
)
PASS_FAIL = "pass: [{is_shared: false}], fail: [{is_shared: true}]"
UNREAD = "not_assessed: [{unread: [is_shared]}]"
# name, changes, line and column in the rule's file, the sentence
TYPOS = (
    ("severity", {"severity": "hihg"}, "3:11", 'unknown severity "hihg"; did you mean "high"?'),
    ("category", {"category": "acess"}, "4:11", 'did you mean "access"?'),
    ("concern", {"concern": "secruity"}, "5:10", 'did you mean "security"?'),
    ("status", {"status": "stabel"}, "6:9", 'did you mean "stable"?'),
    (
        "type",
        {"resource": "cloud.notebok"},
        "8:11",
        'unknown resource type "cloud.notebok"; did you mean "cloud.notebook"?',
    ),
    (
        "path",
        {"must": "{is_shard: false}"},
        "9:10",
        'unknown property "is_shard" of cloud.notebook; did you mean "is_shared"?',
    ),
    (
        "operator",
        {"must": "{volume_gb: {lt3: 5}}"},
        "9:22",
        'unknown operator "lt3"; did you mean "lt"?',
    ),
    (
        "enum",
        {"must": "{direct_internet: Disbled}"},
        "9:27",
        '"Disbled" is not one of Enabled, Disabled; did you mean "Disabled"?',
    ),
    (
        "enum in a list",
        {"must": "{status: [InService, Stoped]}"},
        "9:18",
        'did you mean "Stopped"?',
    ),
    (
        "grade of no list",
        {"graded_by": "effect"},
        "13:1",
        '"graded_by" goes with an assertion "none: {in: LIST, ...}"',
    ),
    (
        "grade of no field",
        {"must": "{none: {in: rules, where: {harm: high}}}", "graded_by": "harn"},
        "13:12",
        'unknown field "harn" of rules; did you mean "harm"?',
    ),
    (
        "grade that is not a severity",
        {"must": "{none: {in: rules, where: {effect: Allow}}}", "graded_by": "effect"},
        "13:12",
        '"effect" of rules does not name severities',
    ),
    (
        "grade that is not asked for",
        {"must": "{none: {in: rules, where: {effect: Allow}}}", "graded_by": "harm"},
        "13:12",
        'the assertion must compare "harm" of every item',
    ),
    (
        "relation",
        {"must": "{none: {via: rol, where: {is_admin: true}}}"},
        "9:22",
        'unknown relation "rol" of cloud.notebook; did you mean "role"?',
    ),
    (
        "relation further on",
        {"must": "{none: {via: role.bucket, where: {acl: Private}}}"},
        "9:22",
        'unknown relation "bucket" of cloud.role; did you mean "buckets"?',
    ),
    (
        "property behind a relation",
        {"must": "{none: {via: role.buckets, where: {acll: Private}}}"},
        "9:44",
        'unknown property "acll" of cloud.bucket; did you mean "acl"?',
    ),
    (
        "field of an item",
        {"must": "{none: {in: rules, where: {cdir: 0.0.0.0/0}}}"},
        "9:36",
        'did you mean "cidr"?',
    ),
    ("list", {"must": "{none: {in: ruls, where: {cidr: a}}}"}, "9:21", 'did you mean "rules"?'),
    (
        "quantifier key",
        {"must": "{none: {in: rules, were: {cidr: a}}}"},
        "9:28",
        'unknown key "were"; did you mean "where"?',
    ),
    (
        "bool as text",
        {"must": '{is_shared: "false"}'},
        "9:21",
        'expected true or false, not "false"',
    ),
    ("text as number", {"must": "{name: 5}"}, "9:16", "expected text, not 5 (quote it)"),
    ("number as text", {"must": "{volume_gb: {lt: five}}"}, "9:26", "expected a number"),
    (
        "operator that does not suit",
        {"must": "{is_shared: {lt: true}}"},
        "9:26",
        'operator "lt" does not suit a value of type bool',
    ),
    ("null", {"must": "{name: null}"}, "9:16", "write {exists: false}"),
    ("span", {"must": "{created: {older_than: 90days}}"}, "9:32", "expected a span"),
    ("block", {"must": "{address: {in_cidr: 10.0.0.0/40}}"}, "9:29", "is not an address"),
    ("version", {"must": "{version: {version_lt: new}}"}, "9:32", "expected a version"),
    ("pattern", {"must": "{name: {matches: '(?=a)b'}}"}, "9:26", "not a regular expression of RE2"),
    (
        "parameter",
        {"must": "{volume_gb: {lt: $max}}", "params": "{maxi: {type: int, default: 3}}"},
        "9:26",
        'unknown parameter "max"; did you mean "maxi"?',
    ),
    (
        "parameter type",
        {"must": "{volume_gb: {lt: $max}}", "params": "{max: {type: itn, default: 3}}"},
        "13:22",
        'unknown parameter type "itn"; did you mean "int"?',
    ),
    (
        "parameter bounds",
        {"must": "{volume_gb: {lt: $m}}", "params": "{m: {type: int, default: 9, max: 5}}"},
        "13:34",
        "9 is above the maximum 5",
    ),
    (
        "parameter unused",
        {"params": "{m: {type: int, default: 9}}"},
        "13:10",
        'parameter "m" is never used',
    ),
    (
        "framework",
        {"controls": "[{id: nist-800-35/SC-7, because: x}]"},
        "13:17",
        'unknown framework "nist-800-35"; did you mean "nist-800-53"?',
    ),
    (
        "control",
        {"controls": "[{id: nist-800-53/SC-77, because: x}]"},
        "13:17",
        'nist-800-53 has no control "SC-77"; did you mean "SC-7"?',
    ),
    (
        "objective",
        {"objective": "notebook-root-acess"},
        "13:12",
        'did you mean "notebook-root-access"?',
    ),
    ("equivalent", {"equivalents": "[prowler]"}, "13:15", "is not tool:check-id"),
    ("key", {"mesage": "x"}, "13:1", 'unknown key "mesage"; did you mean "message"?'),
    ("placeholder", {"message": '"{nam} is bad"'}, "13:10", 'did you mean "name"?'),
    ("missing key", {"why": ""}, "1:1", '"why" is missing'),
    ("fix key", {"fix": "{text: x, teraform: y}"}, "11:16", 'did you mean "terraform"?'),
    ("provider of a fix", {"fix": "{text: x, clod: {cli: y}}"}, "11:16", 'did you mean "cloud"?'),
    (
        "fix key of a provider",
        {"fix": "{text: x, cloud: {clii: y}}"},
        "11:24",
        'unknown key "clii"; did you mean "cli"?',
    ),
    (
        "missing kind of example",
        {"tests": f"{{{PASS_FAIL}}}"},
        "12:1",
        'an example of "not_assessed" is missing',
    ),
    (
        "example missing for when",
        {"when": "{status: Stopped}"},
        "12:1",
        'an example of "not_applicable" is missing',
    ),
    (
        "kind of example",
        {"tests": f"{{{PASS_FAIL}, {UNREAD}, fial: []}}"},
        "12:103",
        'unknown key "fial"; did you mean "fail"?',
    ),
    (
        "property in an example",
        {"tests": f"{{{PASS_FAIL}, not_assessed: [{{unread: [is_shard]}}]}}"},
        "12:89",
        'did you mean "is_shared"?',
    ),
    (
        "enum in an example",
        {"tests": f"{{{PASS_FAIL}, not_assessed: [{{status: Stoped}}]}}"},
        "12:88",
        'did you mean "Stopped"?',
    ),
)  # fmt: skip


def mistakes(folder: Path, *texts: str) -> list[str]:
    with pytest.raises(RuleFilesError) as caught:
        load_texts(folder, *texts, known=KNOWN)
    return [str(error) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("changes", "place", "sentence"), [t[1:] for t in TYPOS], ids=[t[0] for t in TYPOS]
)
def test_a_typo_is_refused_at_its_place(
    tmp_path: Path, changes: dict[str, str], place: str, sentence: str
) -> None:
    found = mistakes(tmp_path, rule_text(**changes))
    assert any(f"thing/bad.yaml:{place}: " in text and sentence in text for text in found), found


def test_a_duplicate_key_is_refused_at_the_second_one(tmp_path: Path) -> None:
    found = mistakes(tmp_path, rule_text() + "severity: low\n")
    assert found == [f'{tmp_path}/rules/thing/bad.yaml:13:1: duplicate key "severity"']


def test_an_id_that_is_not_the_file_s_name_is_refused(tmp_path: Path) -> None:
    text = rule_text("thing/other")
    load_texts(tmp_path, text)
    (tmp_path / "rules/thing/other.yaml").rename(tmp_path / "rules/thing/renamed.yaml")
    with pytest.raises(RuleFilesError, match=r'1:5: the id must be "thing/renamed"'):
        load_texts(tmp_path, rule_text("thing/good"))


def test_an_id_used_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    found = mistakes(tmp_path, rule_text("thing/bad"), rule_text("thing/bad"))
    assert len(found) == 1
    assert 'the rule id "thing/bad" is already used in ' in found[0]


def test_an_alias_that_is_another_rule_s_id_is_refused(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path, rule_text("thing/bad"), rule_text("thing/new", aliases="[thing/bad]")
    )
    assert 'the rule id "thing/bad" is already used in ' in found[0]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        rule_text("thing/one", severity="hihg", must="{is_shard: false}"),
        rule_text("thing/two", concern="x"),
    )
    assert len(found) == 3


@pytest.mark.parametrize(
    "text", ["a: &x 1\nb: *x\n", "a: !!python/object:os.system x\n", "- a\n", "a: [1\n", ""]
)
def test_what_is_not_a_plain_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules/x").mkdir(parents=True)
    (tmp_path / "rules/x/y.yaml").write_text(text)
    assert len(mistakes(tmp_path)) == 1


def test_a_concept_rule_is_refused_where_a_type_neither_fills_nor_lacks(tmp_path: Path) -> None:
    load = rule_text(resource="bucket", must="{none: {via: key, where: {rotates: false}}}", tests=(
        "{pass: [{key: [{rotates: true}]}], fail: [{key: [{rotates: false}]}], "
        "not_assessed: [{unread: [key]}]}"
    ))  # fmt: skip
    assert len(load_texts(tmp_path, load).rules) == 1
    place = tmp_path / "vocabulary" / "more.yaml"
    place.write_text("third.bucket: {is: bucket, title: T, id: {api: 'A:B'}}\n")
    with pytest.raises(MlsecError, match=r'third\.bucket is a bucket but has no relation "key"'):
        load_texts(tmp_path, load)
