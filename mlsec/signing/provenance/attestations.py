"""Provenance attestations of a model: signed by whom they should be, and about these very files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

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
    """What was found about the attestations; ``accepted`` holds those that count."""

    checks: tuple[Check, ...]
    accepted: tuple[BuildProvenance, ...]


def check_attestations(
    judged: Sequence[JudgedSignature], wanted: Provenance, limits: JsonLimits
) -> AttestationResult:
    """Find the attestations that a signer of the policy made and that say what it asks for."""
    accepted: list[BuildProvenance] = []
    refused: list[tuple[Check, ...]] = []
    checks: tuple[Check, ...] = ()
    for one in judged:
        steps = Steps()
        built = _check_one(one, wanted, limits, steps)
        if built is None:
            refused.append(steps.checks)
        else:
            accepted.append(built)
            checks = checks or steps.checks
    if accepted:
        return AttestationResult(checks=checks, accepted=tuple(accepted))
    if not refused:
        missing = failed(
            "provenance/present",
            "the policy asks for provenance, and there is none",
            expected=wanted.predicate,
            fix="put the attestation beside the model, or name it with --signature",
        )
        return AttestationResult(checks=(missing,), accepted=())
    return AttestationResult(checks=min(refused, key=_bad), accepted=())


def _bad(checks: tuple[Check, ...]) -> int:
    return sum(one.outcome is not Outcome.OK for one in checks)


def _check_one(
    judged: JudgedSignature, wanted: Provenance, limits: JsonLimits, steps: Steps
) -> BuildProvenance | None:
    if not judged.is_good:
        steps.add(
            failed(
                "provenance/signed",
                "no signer of the policy made the attestation",
                fix="see the checks of its signature",
            )
        )
        return None
    built = steps.run(
        "provenance/readable",
        "the attestation can be read",
        partial(_read, judged.envelope, limits),
    )
    if built is None:
        return None
    held = [
        steps.run(
            "provenance/builder",
            "it was built by whom the policy names",
            partial(check_builder, built, wanted),
        ),
        steps.run(
            "provenance/source",
            "it was built from what the policy names",
            partial(check_source, built, wanted),
        ),
        steps.run(
            "provenance/claims",
            "the attestation agrees with its signer's certificate",
            partial(check_claims, built, _signer(judged)),
        ),
    ]
    return built if all(held) else None


def _read(envelope: Envelope, limits: JsonLimits) -> BuildProvenance:
    if envelope.payload_type != PAYLOAD_TYPE:
        raise CheckFailedError(
            "the attestation's payload is of another type",
            expected=PAYLOAD_TYPE,
            actual=envelope.payload_type[:200],
        )
    return read_provenance(envelope.payload, limits)


def _signer(judged: JudgedSignature) -> Signer | None:
    return next((one.signer for one in judged.by_signer.values() if one.is_good), None)


def check_subjects(
    attested: AttestationResult, wanted: Provenance, root_digest: str, manifest: Manifest
) -> Check:
    """Check that the attestations are about this model: its root digest, or all of its files."""
    check_id = "provenance/about-this-model"
    if wanted.binds == "root_digest":
        known = {f"sha256:{digest}" for built in attested.accepted for _, digest in built.subjects}
        if root_digest in known:
            return passed(check_id, "the provenance is about this model", expected=root_digest)
        return failed(
            check_id,
            "the provenance is about something else",
            expected=root_digest,
            actual=", ".join(sorted(known)[:4]),
            fix="attest the model's root digest, or set binds: files in the policy",
        )
    serialization = manifest.serialization
    if serialization.hash_name != _SHA256 or serialization.shard_bytes:
        return not_checked(
            check_id,
            "the signature lists no SHA-256 of whole files, so provenance cannot be bound to them",
            fix="sign with SHA-256 over whole files",
        )
    digests = {entry.path: entry.digest.hex() for entry in manifest.entries}
    unknown = unattested_files(attested.accepted, digests)
    if not unknown:
        return passed(
            check_id, "the provenance is about every file", actual=f"{len(digests)} files"
        )
    return failed(
        check_id,
        "the provenance says nothing of some files",
        actual=", ".join(unknown[:MAX_CHECKS]),
        fix="attest every file of the model",
    )


def unattested_files(accepted: Sequence[BuildProvenance], digests: Mapping[str, str]) -> list[str]:
    """Name the files that no attestation covers.

    Args:
        accepted: the attestations that count.
        digests: path in the model -> SHA-256 in hex.

    A subject covers a file with its digest whose path, or last part of it, is the subject's name.
    """
    known = {subject for built in accepted for subject in built.subjects}
    return sorted(
        path
        for path, digest in digests.items()
        if not {(path, digest), (path.rpartition("/")[2], digest)} & known
    )


def ambiguous_files(accepted: Sequence[BuildProvenance], digests: Mapping[str, str]) -> list[str]:
    """Name the files in folders that another attested one could stand for, or they for it.

    That is so where subjects have no folders in their names and several have the same name:
    arguments as ``uncovered``.
    """
    known = {subject for built in accepted for subject in built.subjects}
    several = {name for name, count in Counter(name for name, _ in known).items() if count > 1}
    return sorted(
        path
        for path, digest in digests.items()
        if "/" in path and (path, digest) not in known and path.rpartition("/")[2] in several
    )
