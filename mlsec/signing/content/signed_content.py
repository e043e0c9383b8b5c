"""The content of a valid signature: the statement and its manifest."""

from __future__ import annotations

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
from mlsec.signing.trust.policy import Defaults, Profile
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Check, failed, passed

_SIGN_AGAIN = "sign the model again with a current signer"


class SignedContent(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was read and is about a model."""

    model_name: str
    predicate_type: str
    manifest: Manifest


def read_content(
    envelope: Envelope, defaults: Defaults, profile: Profile, steps: Steps
) -> SignedContent | None:
    """Read a payload whose signature is valid; None, with checks that say why, where it cannot."""
    what = "the payload is an in-toto statement"
    if not steps.holds(
        "statement/payload-type", what, _check_equal, envelope.payload_type, PAYLOAD_TYPE
    ):
        return None
    what = "the statement can be read"
    limits = defaults.json_limits
    statement = steps.run("statement/readable", what, parse_statement, envelope.payload, limits)
    if statement is None:
        return None
    what = "the statement is of the version that is known"
    steps.run("statement/type", what, _check_equal, statement.type, STATEMENT_TYPE)
    what = "the statement lists a model's files"
    manifest = steps.run("statement/about-a-model", what, _manifest, statement, defaults, profile)
    if manifest is None:
        return None
    name = ""
    if statement.predicate_type == LEGACY_PREDICATE:
        what = "the statement has the form used before v1.0"
        steps.add(failed("statement/current-form", what, fix=_SIGN_AGAIN, is_fatal=False))
    else:
        what = "the root digest matches the listed files"
        steps.run("statement/root-digest", what, _check_root_digest, statement, manifest)
        name = statement.subjects[0].name
    steps.add(*_manifest_checks(manifest, profile))
    return SignedContent(
        model_name=name, predicate_type=statement.predicate_type, manifest=manifest
    )


def _check_equal(actual: str, expected: str) -> None:
    if actual != expected:
        raise CheckFailedError(
            "the type is not the expected one", expected=expected, actual=actual[:200]
        )


def _manifest(statement: Statement, defaults: Defaults, profile: Profile) -> Manifest:
    is_legacy = statement.predicate_type == LEGACY_PREDICATE
    if is_legacy and defaults.legacy:
        return legacy_manifest_of(statement.subjects)
    if statement.predicate_type != OMS_PREDICATE:
        raise CheckFailedError(
            "the statement has the form used before v1.0"
            if is_legacy
            else "the statement is not about a model's files",
            expected=OMS_PREDICATE,
            actual=statement.predicate_type[:200],
            hint=f"{_SIGN_AGAIN}; legacy: true in the policy takes old ones" if is_legacy else "",
        )
    is_compat = profile is Profile.COMPAT
    return manifest_of(statement.predicate, may_have_more=is_compat, may_be_dot=is_compat)


def _check_root_digest(statement: Statement, manifest: Manifest) -> None:
    if len(statement.subjects) != 1:
        raise CheckFailedError(
            "the statement has several subjects", expected="1", actual=str(len(statement.subjects))
        )
    digests = statement.subjects[0].digests
    expected = manifest.root_digest.removeprefix("sha256:")
    if digests.keys() != {"sha256"} or digests["sha256"] != expected:
        raise CheckFailedError(
            "the root digest does not match the listed files",
            expected=f"sha256:{expected}",
            actual=", ".join(f"{name}:{value}" for name, value in digests.items())[:300],
            hint=_SIGN_AGAIN,
        )


def _manifest_checks(manifest: Manifest, profile: Profile) -> list[Check]:
    is_strict = profile is Profile.STRICT
    checks = [passed("manifest/sorted", "the files are listed in order")]
    if not manifest.is_sorted:
        what = "the files are not listed in order"
        checks = [failed("manifest/sorted", what, fix=_SIGN_AGAIN, is_fatal=is_strict)]
    paths = manifest.paths()
    if names := collision(paths):
        checks.append(
            failed(
                "manifest/names-distinct", "two names are the same file on some systems",
                actual=f"{names[0]} and {names[1]}", fix="rename one of them and sign again",
                is_fatal=is_strict,
            )
        )  # fmt: skip
    if name := reserved(paths):
        checks.append(
            failed(
                "manifest/names-portable", "Windows cannot hold this name as it is", actual=name,
                fix="rename it and sign again", is_fatal=False,
            )
        )  # fmt: skip
    return checks
