"""Verifies a model by attestations of its build alone, where the policy binds them to its files."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlsec.signing.content.comparison import Compared
from mlsec.signing.content.signed_content import age_check, policy_checks
from mlsec.signing.content.unsigned_files import Allowed
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_files import Say
from mlsec.signing.models.model import Model
from mlsec.signing.provenance.attestations import check_attestations
from mlsec.signing.provenance.attested_files import compare_attested, root_of
from mlsec.signing.provenance.slsa import PREDICATES, Built, predicate_type_of
from mlsec.signing.signatures.threshold import Judged, check_threshold
from mlsec.signing.trust.policy import ModelRule, Provenance, TrustPolicy
from mlsec.signing.verdicts.answer import answer_of, has_failed
from mlsec.signing.verdicts.verdict import Answer, Check, TrustedTime, Verdict, failed, not_checked


def split_attestations(
    every: Sequence[Judged], limits: JsonLimits
) -> tuple[list[Judged], list[Judged]]:
    """Tell attestations of a build from signatures over a model."""
    attested: list[Judged] = []
    judged: list[Judged] = []
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


def verify_attested(
    base: Verdict,
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    wanted: Provenance,
    attested: Sequence[Judged],
    allowed: Allowed,
    say: Say | None,
) -> Verdict:
    """Verify a model whose only signatures are those of attestations.

    ``base`` is the verdict so far, with the checks of what could be read; ``wanted`` what the
    attestations must say, ``allowed`` what may lie beside the attested files.

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
    if has_failed(checks) or not found.vouched:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    else:
        compared = _compare(model, found.vouched, allowed, policy.defaults.entries, checks, say)
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
        predicate_type=found.vouched[0].predicate_type if found.vouched else "",
        files=compared.files if compared and answer is Answer.VERIFIED else (),
        files_signed=len(compared.files) if compared else 0,
        files_found=compared.found if compared else 0,
        bytes_hashed=compared.bytes_hashed if compared else 0,
    )


def _times(attested: Sequence[Judged]) -> list[TrustedTime]:
    verdicts = [one for each in attested for one in each.verdicts if one.is_good]
    return [time for one in verdicts for time in one.times]


def _compare(
    model: Model,
    vouched: Sequence[Built],
    allowed: Allowed,
    limit: int,
    checks: list[Check],
    say: Say | None,
) -> Compared | None:
    try:
        with model.opened() as opened:
            return compare_attested(opened, vouched, allowed, limit, say)
    except SigningError as error:
        checks.append(not_checked("files/compared", error.message, fix=error.hint))
        return None
