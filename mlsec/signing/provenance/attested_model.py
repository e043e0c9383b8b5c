"""Verifies a model by attestations of its build alone, where the policy binds them to its files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from mlsec.signing.content.comparison import (
    NOT_READ,
    Comparison,
    compare_opened,
    complete_comparison,
    concluded,
    hash_problem,
)
from mlsec.signing.content.policy_checks import age_check, policy_checks
from mlsec.signing.content.task import VerificationTask
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.files.hash_plan import HashPlan
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.provenance.attestations import (
    ambiguous_files,
    check_attestations,
    unattested_files,
)
from mlsec.signing.provenance.slsa import PREDICATES, BuildProvenance, predicate_type_of
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold, times_of
from mlsec.signing.trust.policy import Provenance
from mlsec.signing.verdicts.verdict import Check, SignedFile, Verdict, failed, has_failed, passed

# Two signers may attest two models; only a signature over the model says what both agreed to.
_ONE_SIGNER_ONLY = failed(
    "provenance/enough-signers",
    "several signers are required, and attestations alone cannot show that they agree on one model",
    fix="sign the model as well (mlsec sign), or ask for one signer",
)


def split_attestations(
    signatures: Sequence[JudgedSignature], limits: JsonLimits
) -> tuple[list[JudgedSignature], list[JudgedSignature]]:
    """Separate attestations of a build from signatures over a model."""
    attestations: list[JudgedSignature] = []
    model_signatures: list[JudgedSignature] = []
    for signature in signatures:
        is_attestation = predicate_type_of(signature.envelope.payload, limits) in PREDICATES
        (attestations if is_attestation else model_signatures).append(signature)
    return attestations, model_signatures


def verify_by_attestations(
    task: VerificationTask,
    verdict: Verdict,
    required: Provenance,
    attestations: Sequence[JudgedSignature],
) -> Verdict:
    """Verify a model whose only signatures are those of attestations.

    ``verdict`` is the verdict so far, with the checks of what could be read; ``required`` what
    the attestations must say.

    Raises:
        MlsecError: the lock file cannot be read.
    """
    checks = [*verdict.checks, *check_threshold(attestations, task.rule)]
    limits = task.policy.defaults.json_limits
    result = check_attestations(attestations, required, limits)
    checks += result.checks
    if task.rule.threshold > 1:
        checks.append(_ONE_SIGNER_ONLY)
    checks += age_check(task.rule, times_of(attestations))
    comparison = None
    if has_failed(checks) or not result.accepted:
        checks.append(NOT_READ)
    else:
        comparison = compare_opened(
            task.model, lambda opened: _compare(opened, result.accepted, task), checks
        )
    root_digest = ""
    if comparison is not None:
        root_digest = _root_digest(comparison.files)
        checks += policy_checks(task, root_digest, "")
    verdict = msgspec.structs.replace(
        verdict,
        root_digest=root_digest,
        predicate_type=result.accepted[0].predicate_type if result.accepted else "",
    )
    return concluded(verdict, checks, comparison)


def _compare(
    opened: ModelFiles, accepted: Sequence[BuildProvenance], task: VerificationTask
) -> Comparison:
    """Hash every file that an attestation names, and account for everything else."""
    allowed = task.allowed_extras()
    listing = opened.listing(task.policy.defaults.entries)
    names = {name for provenance in accepted for name, _ in provenance.subjects}
    named = {
        path: state
        for path, state in listing.files().items()
        if path not in allowed.signatures and {path, path.rpartition("/")[2]} & names
    }
    hashed = opened.hashed(named, HashPlan(hash_name="sha256"), task.progress)
    problems = {path: hash_problem(file) for path, file in sorted(hashed.items())}
    digests = {
        path: file.digests[0].hex() for path, file in hashed.items() if problems[path] is None
    }
    unattested = unattested_files(accepted, digests)
    ambiguous = [path for path in ambiguous_files(accepted, digests) if path not in unattested]
    checks = [problem for problem in problems.values() if problem is not None]
    checks += [_unattested(path, digests[path]) for path in unattested]
    checks += [_ambiguous(path) for path in ambiguous]
    if not named:
        checks.append(failed("files/present", "no file of the model is one that was attested"))
    if not checks:
        checks.append(passed("files/unchanged", "every attested file is unchanged"))
    files = [
        SignedFile(path, "sha256", digests[path], hashed[path].size_bytes)
        for path in sorted(digests.keys() - {*unattested, *ambiguous})
    ]
    comparison = complete_comparison(
        opened, listing, hashed, checks, files, signed=named, allowed=allowed
    )
    return msgspec.structs.replace(comparison, signed=len(files))


def _root_digest(files: Sequence[SignedFile]) -> str:
    """Return the root digest that the standard's manifest over these files would have."""
    total = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        total.update(bytes.fromhex(file.digest))
    return "sha256:" + total.hexdigest()


def _unattested(path: str, digest: str) -> Check:
    return failed(
        "files/unchanged",
        "a file differs from the one that was attested",
        file=path,
        actual=digest,
        fix="restore the file, or have it built and attested again",
    )


def _ambiguous(path: str) -> Check:
    return failed(
        "files/unchanged",
        "several files of this name were attested without their folders, so one could have"
        " replaced another",
        file=path,
        fix="attest the files with their paths in the model",
    )
