"""Checks of provenance attestations: their signer, their claims and their subjects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.manifests.manifest import Manifest
from mlsec.signing.manifests.statement import PAYLOAD_TYPE
from mlsec.signing.provenance.slsa import (
    BuildProvenance,
    check_builder,
    check_claims,
    check_source,
    read_provenance,
)
from mlsec.signing.signatures.threshold import JudgedSignature
from mlsec.signing.trust.policy import Provenance
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Check, Outcome, Signer, failed, not_checked, passed

MAX_CHECKS = 20
_SHA256 = "sha256"


class AttestationResult(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of all attestations; ``accepted`` holds the provenance of those that count."""

    checks: tuple[Check, ...]
    accepted: tuple[BuildProvenance, ...]


def check_attestations(
    signatures: Sequence[JudgedSignature], required: Provenance, limits: JsonLimits
) -> AttestationResult:
    """Find the attestations that a signer of the policy made and that say what it asks for."""
    accepted: list[BuildProvenance] = []
    refused: list[tuple[Check, ...]] = []
    checks: tuple[Check, ...] = ()
    for signature in signatures:
        steps = Steps()
        provenance = _accepted(signature, required, limits, steps)
        if provenance is None:
            refused.append(steps.checks)
        else:
            accepted.append(provenance)
            checks = checks or steps.checks
    if accepted:
        return AttestationResult(checks=checks, accepted=tuple(accepted))
    if not refused:
        missing = failed(
            "provenance/present",
            "the policy asks for provenance, and there is none",
            expected=required.predicate,
            fix="put the attestation beside the model, or name it with --signature",
        )
        return AttestationResult(checks=(missing,), accepted=())
    return AttestationResult(checks=min(refused, key=_unmet), accepted=())


def _unmet(checks: tuple[Check, ...]) -> int:
    return sum(check.outcome is not Outcome.OK for check in checks)


def _accepted(
    signature: JudgedSignature, required: Provenance, limits: JsonLimits, steps: Steps
) -> BuildProvenance | None:
    if not signature.is_good:
        what = "no signer of the policy made the attestation"
        steps.add(failed("provenance/signed", what, fix="see the checks of its signature"))
        return None
    what = "the attestation can be read"
    provenance = steps.run("provenance/readable", what, _read, signature.envelope, limits)
    if provenance is None:
        return None
    what = "it was built by the builder that the policy names"
    is_built = steps.holds("provenance/builder", what, check_builder, provenance, required)
    what = "it was built from the source that the policy names"
    is_from = steps.holds("provenance/source", what, check_source, provenance, required)
    what = "the attestation agrees with its signer's certificate"
    is_claimed = steps.holds(
        "provenance/claims", what, check_claims, provenance, _signer(signature)
    )
    return provenance if is_built and is_from and is_claimed else None


def _read(envelope: Envelope, limits: JsonLimits) -> BuildProvenance:
    if envelope.payload_type != PAYLOAD_TYPE:
        raise CheckFailedError(
            "the attestation's payload is of another type",
            expected=PAYLOAD_TYPE,
            actual=envelope.payload_type[:200],
        )
    return read_provenance(envelope.payload, limits)


def _signer(signature: JudgedSignature) -> Signer | None:
    verdicts = signature.by_signer.values()
    return next((verdict.signer for verdict in verdicts if verdict.is_good), None)


def check_subjects(result: AttestationResult, required: Provenance, manifest: Manifest) -> Check:
    """Check that the attestations are about this model: its root digest, or all of its files."""
    check_id = "provenance/about-this-model"
    if required.binds == "root_digest":
        root_digest = manifest.root_digest
        digests = {f"sha256:{digest}" for _, digest in _subjects(result.accepted)}
        if root_digest in digests:
            return passed(check_id, "the provenance is about this model", expected=root_digest)
        return failed(
            check_id,
            "the provenance is about something else",
            expected=root_digest,
            actual=", ".join(sorted(digests)[:4]),
            fix="attest the model's root digest, or set binds: files in the policy",
        )
    serialization = manifest.serialization
    if serialization.hash_name != _SHA256 or serialization.shard_bytes:
        return not_checked(
            check_id,
            "the signature lists no SHA-256 of whole files, so provenance cannot be bound to them",
            fix="sign with SHA-256 over whole files",
        )
    files = {entry.path: entry.digest.hex() for entry in manifest.entries}
    unattested = unattested_files(result.accepted, files)
    if not unattested:
        what = "the provenance covers every file"
        return passed(check_id, what, actual=f"{len(files)} files")
    return failed(
        check_id,
        "the provenance does not cover some files",
        actual=", ".join(unattested[:MAX_CHECKS]),
        fix="attest every file of the model",
    )


def _subjects(accepted: Sequence[BuildProvenance]) -> set[tuple[str, str]]:
    return {subject for provenance in accepted for subject in provenance.subjects}


def unattested_files(accepted: Sequence[BuildProvenance], digests: Mapping[str, str]) -> list[str]:
    """Return the files that no attestation covers.

    Args:
        accepted: the attestations that count.
        digests: path in the model -> SHA-256 in hex.

    A subject covers a file with its digest whose path, or last part of it, is the subject's name.
    """
    subjects = _subjects(accepted)
    return sorted(
        path
        for path, digest in digests.items()
        if not {(path, digest), (path.rpartition("/")[2], digest)} & subjects
    )


def ambiguous_files(accepted: Sequence[BuildProvenance], digests: Mapping[str, str]) -> list[str]:
    """Return the files in folders that could have been exchanged with another attested file.

    That is so where subjects have no folders in their names and several have the same name:
    arguments as ``unattested_files``.
    """
    subjects = _subjects(accepted)
    repeated = {name for name, count in Counter(name for name, _ in subjects).items() if count > 1}
    return sorted(
        path
        for path, digest in digests.items()
        if "/" in path and (path, digest) not in subjects and path.rpartition("/")[2] in repeated
    )
