"""The trust policy: default deny, and every word that is not understood is refused in its place."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.signing.api import verify
from mlsec.signing.trust.identity_rule import IdentityRule, pattern_problem
from mlsec.signing.trust.policy import (
    KeyAnchor,
    Permission,
    Reaction,
    TimestampRequirement,
    TrustPolicy,
)
from mlsec.signing.trust.policy_loader import load_policy, policy_of
from mlsec.signing.verdicts.verdict import Answer, Identity, IdentityType

WHOLE = """\
version: 1
defaults: {unsigned: report, extra_files: report, legacy: true, ca_leaf: allow, symlinks: allow,
           timestamp: required, limits: {bundle_mb: 2, entries: 10}}
anchors:
  pgi: {type: sigstore, trusted_root: roots/public.json}
  corp: {type: x509, roots: [roots/corp.pem], tsa: [roots/tsa.pem], crls: [roots/corp.crl]}
  release: {type: key, pem: release.pub, valid: {from: 2026-01-01, to: 2027-01-01T12:00:00+02:00}}
models:
  - match: {path: "models/chat/**", uri: "s3://prod/chat/*"}
    name: chat
    root_digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
    lock: mlsec.lock
    signed_after: 2026-03-01
    may_ignore: [README.md]
    require:
      threshold: 2
      signers:
        - {anchor: pgi, issuer: "https://issuer.example", identity: "https://repo.example/x"}
        - {anchor: corp, identity: {uri: "spiffe://corp/ml/release"}}
        - {anchor: corp, identity_regex: {email: 'ml-[0-9]+@corp\\.example'}}
        - {anchor: release}
    provenance: {predicate: "https://slsa.dev/provenance/v1", builder: "https://b.example"}
deny: {fingerprints: [], root_digests: []}
"""
SMALL = """\
version: 1
anchors:
  release: {type: key, pem: release.pub}
  corp: {type: x509, roots: corp.pem}
  pgi: {type: sigstore, trusted_root: root.json}
models:
  - match: {path: "**"}
    require: {signers: [{anchor: release}]}
"""


def read(text: str) -> TrustPolicy:
    return policy_of(text, Path("/trust/trust.yaml"))


def test_every_word_of_the_policy_is_read() -> None:
    policy = read(WHOLE)
    assert policy.defaults.unsigned is Reaction.REPORT
    assert policy.defaults.ca_leaf is Permission.ALLOW
    assert policy.defaults.timestamp is TimestampRequirement.REQUIRED
    assert policy.defaults.bundle_bytes == 2 << 20
    [model] = policy.models
    assert (model.name, model.threshold, model.may_ignore) == ("chat", 2, ("README.md",))
    assert model.signed_after == datetime(2026, 3, 1, tzinfo=UTC)
    assert model.lock == Path("/trust/mlsec.lock")
    anchor = policy.anchors["release"]
    assert isinstance(anchor, KeyAnchor)
    assert anchor.pem == Path("/trust/release.pub")
    assert anchor.valid_to == datetime(2027, 1, 1, 10, tzinfo=UTC)
    assert model.signers[2].identity == IdentityRule(
        pattern="ml-[0-9]+@corp\\.example", type=IdentityType.EMAIL
    )


REFUSED = [
    ("version: 1", "version: 2", 1, 'starts with "version: 1"'),
    ("anchors:", "anchor:", 2, 'did you mean "anchors"'),
    ("pem: release.pub", "key: release.pub", 3, 'unknown key "key"'),
    ("type: key", "type: keys", 3, "unknown anchor type"),
    ("{type: key, pem: release.pub}", "{type: key}", 3, '"pem" must be text'),
    ("roots: corp.pem", "roots: []", 4, "there are no defaults"),
    ('match: {path: "**"}', "match: {}", 7, '"match" is missing or empty'),
    ('match: {path: "**"}', 'match: {paths: "**"}', 7, 'did you mean "path"'),
    ("signers: [{anchor: release}]", "signers: []", 8, "at least one signer"),
    ("signers: [{", "threshold: 2, signers: [{", 8, "from 1 to 1"),
    ("{anchor: release}]", "{anchor: releas}]", 8, 'did you mean "release"'),
    ("{anchor: release}]", "{anchor: release, issuer: x}]", 8, "no identity or issuer"),
    ("{anchor: release}]", "{anchor: corp}]", 8, "needs an identity"),
    ("{anchor: release}]", "{anchor: corp, identity: alice}]", 8, "needs an identity"),
    ("{anchor: release}]", "{anchor: corp, identity: {name: alice}}]", 8, 'unknown key "name"'),
    ("{anchor: release}]", "{anchor: pgi, identity: x}]", 8, "needs an issuer"),
    ("{anchor: release}]", "{anchor: pgi, issuer: x, identity: {uri: x}}]", 8, "plain text"),
    ("{anchor: release}]", "{anchor: pgi, issuer: x, identity_regex: '.*'}]", 8, "trust anyone"),
    ("require:", "may_ignore: ['*.md']\n    require:", 8, "glob"),
    ("require:", "may_ignore: [../x]\n    require:", 8, "plain relative path"),
    ("require:", "root_digest: sha1:00\n    require:", 8, "not a digest"),
    ("require:", "signed_after: soon\n    require:", 8, "not a time"),
    ("require:", "provenance: {builder: x}\n    require:", 8, '"predicate" must be text'),
    ("version: 1", "version: 1\ndefaults: {symlinks: maybe}", 2, "one of deny, allow"),
    ("version: 1", "version: 1\ndefaults: {legacy: yes}", 2, "true or false"),
    ("version: 1", "version: 1\ndefaults: {limits: {entries: 0}}", 2, "whole number"),
    ("version: 1", "version: 1\ndeny: {fingerprints: [abc]}", 2, "not a digest"),
    ("version: 1", "version: 1\nversion: 1", 2, "duplicate key"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "words"), REFUSED, ids=[r[1][:40] for r in REFUSED])
def test_what_is_not_understood_is_refused_with_its_line(
    old: str, new: str, line: int, words: str
) -> None:
    assert old in SMALL
    with pytest.raises(MlsecError) as refused:
        read(SMALL.replace(old, new, 1))
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert refused.value.location.startswith(f"/trust/trust.yaml:{line}:")


@pytest.mark.parametrize(
    ("pattern", "target", "does_apply"),
    [
        ("models/chat/**", "/trust/models/chat/v1", True),
        ("models/chat/**", "/trust/models/chat", True),
        ("models/chat/**", "/trust/models/chatter", False),
        ("models/*", "/trust/models/a/b", False),
        ("models/*", "/trust/models/a", True),
        ("**/a", "/trust/x/y/a", True),
        ("**/a", "/trust/a", True),
        ("a", "/elsewhere/a", False),
        ("/elsewhere/**", "/elsewhere/a", True),
        ("a", "/trust/../trust/a", True),
        ("a", "/trust/../a", False),
        ("/elsewhere/**", "/elsewhere/../other/a", False),
        ("mod.l", "/trust/model", False),
        ("s3://prod/*", "/trust/s3://prod/x", False),
    ],
)
def test_pattern_applies_to_the_whole_path(pattern: str, target: str, does_apply: bool) -> None:
    policy = read(SMALL.replace('"**"', f'"{pattern}"'))
    assert (policy.select(Path(target)) is not None) == does_apply


def test_model_in_a_bucket_is_matched_by_its_uri() -> None:
    policy = read(WHOLE)
    assert policy.select("s3://prod/chat/v1") is not None
    assert policy.select("s3://prod/chat/v1/x") is None


def test_model_that_no_entry_names_is_not_trusted(tmp_path: Path) -> None:
    verdict = verify(tmp_path, read(SMALL.replace('"**"', "other")))
    assert verdict.answer is Answer.FAILED
    assert [one.id for one in verdict.checks] == ["policy/names-the-model"]


@pytest.mark.parametrize(
    ("folder", "target", "name"),
    [
        (".", "models/a", "models/a"),
        ("work", "../models/a", "models/a"),
        ("work", "../work/../models/a", "models/a"),
        ("models/a", "..", "models"),
        ("models/a", "../a", "models/a"),
        ("work", "../models/../../other/a", "{above}/other/a"),
        ("work", "{whole}/models/../../other/a", "{above}/other/a"),
        ("work", "../linked", "linked"),
    ],
)
def test_name_of_a_model_is_the_same_from_every_folder(
    folder: str, target: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "trusted"
    for one in ("work", "models/a"):
        (whole / one).mkdir(parents=True)
    (whole / "linked").symlink_to("models/a")
    monkeypatch.chdir(whole / folder)
    for file in (whole / "trust.yaml", Path(os.path.relpath(whole / "trust.yaml"))):
        policy = policy_of(SMALL, file)
        shown = {"whole": whole, "above": tmp_path}
        assert policy.name_of(target.format(**shown)) == name.format(**shown)


def test_a_path_that_leads_out_of_a_trusted_folder_is_not_in_it(tmp_path: Path) -> None:
    text = SMALL.replace('path: "**"', f'path: "{tmp_path}/models/**"')
    policy = policy_of(text, tmp_path / "elsewhere" / "trust.yaml")
    (tmp_path / "models").mkdir()
    assert policy.select(tmp_path / "models" / "a") is not None
    assert policy.select(tmp_path / "models" / ".." / "other") is None


@pytest.mark.parametrize(
    ("reaction", "answer"), [("fail", Answer.FAILED), ("report", Answer.INCOMPLETE)]
)
def test_unsigned_model_is_never_verified(reaction: str, answer: Answer, tmp_path: Path) -> None:
    policy = read(SMALL + f"defaults: {{unsigned: {reaction}}}\n")
    verdict = verify(tmp_path, policy)
    assert verdict.answer is answer
    assert [one.id for one in verdict.checks] == ["signature/present"]


def test_provenance_that_nobody_verified_is_not_a_pass(tmp_path: Path) -> None:
    from tests.signing.workshop import Workshop  # noqa: PLC0415

    shop = Workshop(tmp_path)
    shop.rule["provenance"] = {"predicate": "https://slsa.dev/provenance/v1"}
    shop.sign()
    assert shop.verify().answer is not Answer.VERIFIED


def test_policy_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    with pytest.raises(MlsecError) as refused:
        load_policy(tmp_path / "none.yaml")
    assert refused.value.location == str(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "pattern",
    [
        ".*", ".+", "", "^.*$", "(", "a{1,2}{3}", "(a+)+b", "(?=x)abcd", r"(abcd)\1", "abcd|.*",
        "https://git.corp.example/.*", "https://github.com/org/.*", "alice@corp.example",
        "[[abcd]", "x" * 301, "https?://git.corp.example/.*", "(?:https|git)://git.corp.example/a",
        r"https:\/\/git.corp.example\/a", r"(https://git\.corp|spiffe://corp.example)/ml",
        r"alice@.*", r"alice@corp\.(example|.*)", r".*github\.com/org/repo/.*",
        r"(?:.*/)?org/repo/\.github/.*", r"^.+/org/repo/release\.yml",
    ],
)  # fmt: skip
def test_pattern_that_trusts_more_than_it_says_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"https://github\.com/org/repo/\.github/workflows/release\.yml@refs/tags/v[0-9]+",
        r"spiffe://corp/ml/(release|stage)",
        r"ml-[a-z]+@corp\.example",
        r"https://git[.]corp[.]example/a/.*",
        r"https://github\.com/org/repo/\.github/workflows/release\.yml@.*",
        r".*@corp\.example",
    ],
)
def test_pattern_that_says_what_it_means_is_taken(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


@pytest.mark.parametrize(
    ("kind", "pattern", "is_taken"),
    [
        (IdentityType.DNS, r"models.corp.example", False),
        (IdentityType.DNS, r".*corp.example", False),
        (IdentityType.DNS, r".*\.corp\.example", True),
        (IdentityType.DNS, r"models\.corp\.example", True),
        (IdentityType.EMAIL, r"alice@corp.example", False),
        (IdentityType.EMAIL, r".*@corp\.example", True),
        (IdentityType.URI, r".*corp\.example/ml", False),
        (IdentityType.URI, r"spiffe://corp\.example/ml/.*", True),
        (IdentityType.SUBJECT, r".*CN=alice.*", True),
    ],
)
def test_pattern_is_judged_by_the_kind_of_name(
    kind: IdentityType, pattern: str, is_taken: bool
) -> None:
    assert (pattern_problem(pattern, kind) == "") is is_taken


def test_pattern_must_match_in_full_and_kind_must_fit() -> None:
    rule = IdentityRule(pattern="spiffe://corp/ml", type=IdentityType.URI)
    uri = IdentityType.URI
    assert rule.find((Identity(type=uri, value="spiffe://corp/ml"),))
    assert not rule.find((Identity(type=uri, value="spiffe://corp/ml/more"),))
    assert not rule.find((Identity(type=uri, value="x spiffe://corp/ml"),))
    assert not rule.find((Identity(type=IdentityType.DNS, value="spiffe://corp/ml"),))
    assert not rule.find((Identity(type=uri, value="spiffe://corp/ml\n"),))
