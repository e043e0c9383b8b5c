"""Verifies a model by attestations of its build alone, where the policy binds them to its files."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlsec.signing.content.comparison import Comparison
from mlsec.signing.content.signed_content import age_check, policy_checks
from mlsec.signing.content.unsigned_files import AllowedExtras
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.models.model import Model
from mlsec.signing.provenance.attestations import check_attestations
from mlsec.signing.provenance.attested_files import compare_with_attestations, root_of
from mlsec.signing.provenance.slsa import PREDICATES, BuildProvenance, predicate_type_of
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold
from mlsec.signing.trust.policy import ModelRule, Provenance, TrustPolicy
from mlsec.signing.verdicts.answer import answer_of, has_failed
from mlsec.signing.verdicts.verdict import Answer, Check, TrustedTime, Verdict, failed, not_checked


def split_attestations(
    every: Sequence[JudgedSignature], limits: JsonLimits
) -> tuple[list[JudgedSignature], list[JudgedSignature]]:
    """Tell attestations of a build from signatures over a model."""
    attested: list[JudgedSignature] = []
    judged: list[JudgedSignature] = []
    for one in every:
        is_attestation = predicate_type_of(one.envelope.payload, limits) in PREDICATES
        (attested if is_attestation else judged).append(one)
    return attested, judged


# Two signers may attest two models; only a signature over the model says what both agreed to.
_ONE_VOICE = failed(
    "provenance/enough-signers",
    "several signers are asked for, and attestations alone cannot show that they mean the same",
    fix="sign the model as well (mlsec sign), or ask for one signer",
)


def verify_by_attestations(
    base: Verdict,
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    wanted: Provenance,
    attested: Sequence[JudgedSignature],
    allowed: AllowedExtras,
    progress: Progress | None,
) -> Verdict:
    """Verify a model whose only signatures are those of attestations.

    ``base`` is the verdict so far, with the checks of what could be read; ``wanted`` what the
    attestations must progress, ``allowed`` what may lie beside the attested files.

    Raises:
        MlsecError: the lock file cannot be read.
    """
    checks = [*base.checks, *check_threshold(attested, rule)]
    found = check_attestations(attested, wanted, policy.defaults.json_limits)
    checks += found.checks
    if rule.threshold > 1:
        checks.append(_ONE_VOICE)
    checks += age_check(rule, _times(attested))
    compared = None
    root = ""
    if has_failed(checks) or not found.accepted:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    else:
        compared = _compare(
            model, found.accepted, allowed, policy.defaults.entries, checks, progress
        )
    if compared is not None:
        root = root_of(compared.files)
        key = policy.name_of(model.address)
        checks += [
            *compared.checks,
            *policy_checks(root, "", rule, policy.denied_root_digests, key),
        ]
    answer = answer_of(checks, is_compared=compared is not None)
    return msgspec.structs.replace(
        base,
        answer=answer,
        checks=tuple(checks),
        root_digest=root,
        predicate_type=found.accepted[0].predicate_type if found.accepted else "",
        files=compared.files if compared and answer is Answer.VERIFIED else (),
        files_signed=len(compared.files) if compared else 0,
        files_found=compared.found if compared else 0,
        bytes_hashed=compared.bytes_hashed if compared else 0,
    )


def _times(attested: Sequence[JudgedSignature]) -> list[TrustedTime]:
    verdicts = [one for each in attested for one in each.verdicts if one.is_good]
    return [time for one in verdicts for time in one.times]


def _compare(
    model: Model,
    accepted: Sequence[BuildProvenance],
    allowed: AllowedExtras,
    limit: int,
    checks: list[Check],
    progress: Progress | None,
) -> Comparison | None:
    try:
        with model.opened() as opened:
            return compare_with_attestations(opened, accepted, allowed, limit, progress)
    except SigningError as error:
        checks.append(not_checked("files/compared", error.message, fix=error.hint))
        return None
