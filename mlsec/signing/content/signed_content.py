"""What a good signature is over: the statement, its manifest, and what the policy says of both."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.manifests.manifest import Manifest, legacy_manifest_of, manifest_of
from mlsec.signing.manifests.paths import collision, reserved
from mlsec.signing.manifests.statement import (
    LEGACY_PREDICATE,
    OMS_PREDICATE,
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    Statement,
    parse_statement,
)
from mlsec.signing.trust.lock_file import locked_digest
from mlsec.signing.trust.policy import Defaults, ModelRule, Profile
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Check, TrustedTime, failed, passed

_RE_SIGN = "sign the model again with a current signer"


class SignedContent(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was read and found to be about a model."""

    model_name: str
    predicate_type: str
    manifest: Manifest


def read_content(
    envelope: Envelope, defaults: Defaults, profile: Profile, steps: Steps
) -> SignedContent | None:
    """Read a payload whose signature held; None, with checks that say why, when it cannot be."""
    is_typed = steps.run(
        "statement/payload-type",
        "the payload is an in-toto statement",
        lambda: _exactly(envelope.payload_type, PAYLOAD_TYPE),
    )
    if is_typed is None:
        return None
    statement = steps.run(
        "statement/readable",
        "the statement can be read",
        lambda: parse_statement(envelope.payload, defaults.json_limits),
    )
    if statement is None:
        return None
    steps.run(
        "statement/type",
        "the statement is of the version that is known",
        lambda: _exactly(statement.type, STATEMENT_TYPE),
    )
    manifest = steps.run(
        "statement/about-a-model",
        "the statement lists a model's files",
        lambda: _manifest(statement, defaults, profile),
    )
    if manifest is None:
        return None
    if statement.predicate_type == LEGACY_PREDICATE:
        steps.add(_OLD_FORM)
        name = ""
    else:
        steps.run(
            "statement/root-digest",
            "the root digest is that of the listed files",
            lambda: _root_digest(statement, manifest),
        )
        name = statement.subjects[0].name
    steps.add(*_manifest_checks(manifest, profile))
    return SignedContent(
        model_name=name, predicate_type=statement.predicate_type, manifest=manifest
    )


_OLD_FORM = msgspec.structs.replace(
    failed("statement/current-form", "the statement has the form of before v1.0", fix=_RE_SIGN),
    is_fatal=False,
)


def _exactly(actual: str, expected: str) -> bool:
    if actual == expected:
        return True
    raise CheckFailedError("it is of another type", expected=expected, actual=actual[:200])


def _manifest(statement: Statement, defaults: Defaults, profile: Profile) -> Manifest:
    if statement.predicate_type == LEGACY_PREDICATE and defaults.legacy:
        return legacy_manifest_of(statement.subjects)
    if statement.predicate_type != OMS_PREDICATE:
        is_old = statement.predicate_type == LEGACY_PREDICATE
        raise CheckFailedError(
            "the statement is in the form of before v1.0"
            if is_old
            else "the statement is about something else than a model's files",
            expected=OMS_PREDICATE,
            actual=statement.predicate_type[:200],
            hint=f"{_RE_SIGN}; legacy: true in the policy takes old ones" if is_old else "",
        )
    is_compat = profile is Profile.COMPAT
    return manifest_of(statement.predicate, may_have_more=is_compat, may_be_dot=is_compat)


def _root_digest(statement: Statement, manifest: Manifest) -> bool:
    if len(statement.subjects) != 1:
        raise CheckFailedError(
            "the statement has several subjects", expected="1", actual=str(len(statement.subjects))
        )
    digests = statement.subjects[0].digests
    expected = manifest.root_digest.removeprefix("sha256:")
    if digests.keys() != {"sha256"} or digests["sha256"] != expected:
        shown = ", ".join(f"{name}:{value}" for name, value in digests.items())[:300]
        raise CheckFailedError(
            "the root digest is not that of the listed files",
            expected=f"sha256:{expected}",
            actual=shown,
            hint=_RE_SIGN,
        )
    return True


def _manifest_checks(manifest: Manifest, profile: Profile) -> list[Check]:
    is_fatal = profile is Profile.STRICT
    checks = []
    if manifest.is_sorted:
        checks.append(passed("manifest/sorted", "the files are listed in order"))
    else:
        unsorted = failed("manifest/sorted", "the files are not listed in order", fix=_RE_SIGN)
        checks.append(msgspec.structs.replace(unsorted, is_fatal=is_fatal))
    paths = manifest.paths()
    twins = collision(paths)
    if twins:
        found = failed(
            "manifest/names-distinct",
            "two names are one file on some systems",
            actual=f"{twins[0]} and {twins[1]}",
            fix="rename one of them and sign again",
        )
        checks.append(msgspec.structs.replace(found, is_fatal=is_fatal))
    odd = reserved(paths)
    if odd:
        found = failed(
            "manifest/names-portable",
            "Windows cannot hold this name as it is",
            actual=odd,
            fix="rename it and sign again",
        )
        checks.append(msgspec.structs.replace(found, is_fatal=False))
    return checks


def policy_checks(
    root: str, name: str, rule: ModelRule, denied: frozenset[str], key: str
) -> list[Check]:
    """Compare what was signed with what the policy says of this model.

    Args:
        root: the root digest.
        name: the model's signed name, "" without one.
        rule: the policy's entry.
        denied: root digests that must not be used.
        key: under which name the model stands in the lock file.

    Raises:
        MlsecError: the lock file cannot be read.
    """
    asked = [
        ("policy/name", "the model's name", rule.name, name, _OTHER_MODEL),
        ("policy/root-digest", "the pinned digest", rule.root_digest, root, _OTHER_VERSION),
    ]
    if rule.lock is not None:
        first = locked_digest(rule.lock, key) or root
        asked.append(("policy/lock", "the version of the first use", first, root, _NEW_VERSION))
    checks = [_same(*one) for one in asked if one[2]]
    if root in denied:
        what = "this version is on the deny list"
        checks.append(failed("policy/not-denied", what, actual=root, fix="use another version"))
    return checks


_OTHER_MODEL = "it is another model of the same signer, or the policy has a wrong name"
_OTHER_VERSION = "pin the new digest if this version is meant"
_NEW_VERSION = "remove its entry from the lock file if the change is meant"


def _same(check_id: str, what: str, expected: str, actual: str, fix: str) -> Check:
    if actual == expected:
        return passed(check_id, f"{what} is the policy's", expected=expected)
    return failed(
        check_id, f"{what} is not the policy's", expected=expected, actual=actual, fix=fix
    )


def age_check(rule: ModelRule, times: Sequence[TrustedTime]) -> list[Check]:
    """Check the rollback floor; only a time that somebody trusted vouches for counts."""
    floor: datetime.datetime | None = rule.signed_after
    if floor is None:
        return []
    what, expected = "policy/signed-after", f"after {floor:%Y-%m-%dT%H:%M:%SZ}"
    if not times:
        return [
            failed(
                what,
                "nobody trusted says when it was signed",
                expected=expected,
                fix="have the signature timestamped by an authority listed under tsa",
            )
        ]
    at = min(one.at for one in times)
    if at >= floor:
        return [passed(what, "it was signed late enough", expected=expected, actual=f"{at}")]
    return [
        failed(
            what,
            "it was signed too early, so it is an older version",
            expected=expected,
            actual=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            fix="use a newer version",
        )
    ]
