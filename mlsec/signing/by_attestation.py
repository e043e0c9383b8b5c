"""Verifies a model by attestations of its build alone, where the policy binds them to its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec.signing.attestations import check_attestations
from mlsec.signing.attested_files import compare_attested, root_of
from mlsec.signing.compare import Compared
from mlsec.signing.content import age_check, policy_checks
from mlsec.signing.errors import SigningError
from mlsec.signing.folder import ModelFolder
from mlsec.signing.hashing import Say
from mlsec.signing.policy import ModelRule, Provenance, TrustPolicy
from mlsec.signing.provenance import PREDICATES, predicate_type_of
from mlsec.signing.strictjson import JsonLimits
from mlsec.signing.threshold import Judged, check_threshold
from mlsec.signing.unsigned import Allowed
from mlsec.signing.verdict import Answer, Check, Outcome, Verdict, not_checked


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


def verify_attested(
    base: Verdict,
    target: Path,
    policy: TrustPolicy,
    rule: ModelRule,
    wanted: Provenance,
    attested: Sequence[Judged],
    allowed: Allowed,
    say: Say | None,
) -> Verdict:
    """Verify a model whose only signatures are those of attestations.

    Args:
        base: the verdict so far, with the checks of what could be read.
        target: the model.
        policy: as loaded.
        rule: the policy's entry for the model.
        wanted: what the attestations must say.
        attested: the attestations, their signatures judged.
        allowed: what may lie beside the attested files.
        say: told the bytes hashed and the bytes in all.

    Raises:
        MlsecError: the lock file cannot be read.
    """
    checks = [*base.checks, *check_threshold(attested, rule)]
    found = check_attestations(attested, wanted, policy.defaults.json_limits)
    checks += found.checks
    times = [
        time
        for one in attested
        for verdict in one.verdicts
        if verdict.is_good
        for time in verdict.times
    ]
    checks += age_check(rule, times)
    compared: Compared | None = None
    root = ""
    if _has(checks, Outcome.FAILED) or not found.vouched:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    else:
        try:
            with ModelFolder(target) as folder:
                limit = policy.defaults.entries
                compared = compare_attested(folder, found.vouched, allowed, limit, say)
        except SigningError as error:
            checks.append(not_checked("files/compared", error.message, fix=error.hint))
    if compared is not None:
        root = root_of(compared.files)
        key = policy.name_of(target)
        checks += [
            *compared.checks,
            *policy_checks(root, "", rule, policy.denied_root_digests, key),
        ]
    answer = Answer.VERIFIED
    if _has(checks, Outcome.FAILED):
        answer = Answer.FAILED
    elif _has(checks, Outcome.NOT_CHECKED) or compared is None:
        answer = Answer.INCOMPLETE
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


def _has(checks: Sequence[Check], outcome: Outcome) -> bool:
    return any(one.is_fatal and one.outcome is outcome for one in checks)
