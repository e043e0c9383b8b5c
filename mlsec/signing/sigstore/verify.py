"""Verifies a Sigstore bundle offline against one trusted root.

The sigstore package does not verify bundles with ``intoto`` log entries or managed keys, and
brings 29 packages; it is what the tests compare this verifier with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography.x509 import Certificate

from mlsec.signing.bundles.bundle import Bundle
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.certificates.certificate import read_certificate
from mlsec.signing.keys.algorithms import Algorithm, usual_algorithm, verify_signature
from mlsec.signing.keys.public_keys import PublicKey, public_key_of
from mlsec.signing.sigstore.certificate_timestamps import verify_logged
from mlsec.signing.sigstore.entry_binding import SHA2_NAMES, SignedArtifact
from mlsec.signing.sigstore.fulcio import fulcio_signer, verify_issued
from mlsec.signing.sigstore.log_entries import check_log_windows, verify_entries
from mlsec.signing.sigstore.trusted_root import TrustedRoot
from mlsec.signing.timestamps.token import read_timestamp
from mlsec.signing.timestamps.verify import verify_timestamp
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import (
    Check,
    SignatureVerdict,
    Signer,
    TimeSource,
    TrustedTime,
    failed,
)


class _KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """The stated signer: a managed key, or a certificate with its intermediates."""

    key: PublicKey
    leaf: Certificate | None = None
    others: tuple[Certificate, ...] = ()


def verify_sigstore(
    bundle: Bundle,
    root: TrustedRoot,
    *,
    digests: Mapping[str, bytes] | None = None,
    key: PublicKey | None = None,
) -> SignatureVerdict:
    """Verify one bundle; who may sign is not asked here, only who did.

    Args:
        bundle: as parsed.
        root: one Sigstore instance. What it lists is demanded: with transparency logs, an entry;
            with certificate logs, a certificate timestamp. Without logs, a trusted timestamp.
        digests: hash name -> digest of the artifact, for a bundle over a blob.
        key: the managed key the policy names; None where a Fulcio certificate has to sign.

    Returns:
        A check for each step. ``signer`` is set once the certificate or key is proven, ``times``
        hold the moments vouched for.
    """
    steps = Steps()
    what = "the bundle names its signer"
    holder = steps.run("sigstore/signer", what, _key_holder, bundle, key)
    if holder is None:
        return SignatureVerdict(checks=steps.checks)
    what = "the signature is the signer's, over this content"
    signed = steps.run("sigstore/signature", what, _signed, bundle, holder, digests or {})
    if signed is None:
        return SignatureVerdict(checks=steps.checks)
    logged = verify_entries(steps, bundle, root, signed)
    times = (*logged, *_timestamped(steps, bundle, root, signed, is_needed=not logged))
    check_log_windows(steps, bundle, root, times)
    if holder.leaf is None:
        algorithm = usual_algorithm(holder.key).value
        signer = Signer(key_fingerprint=holder.key.fingerprint, algorithm=algorithm)
        return SignatureVerdict(checks=steps.checks, signer=signer, times=times)
    if not times:
        steps.add(
            failed(
                "sigstore/time",
                "no trusted source says when this was signed",
                fix="sign again with a log or timestamp authority that the trusted root lists",
            )
        )
        return SignatureVerdict(checks=steps.checks)
    certified = _certified(steps, holder.leaf, holder, root, times)
    return SignatureVerdict(checks=steps.checks, signer=certified, times=times)


def _key_holder(bundle: Bundle, key: PublicKey | None) -> _KeyHolder:
    material = bundle.material
    if not material.certificates:
        if key is None:
            raise CheckFailedError(
                "the bundle was signed with a key, and the policy names none",
                actual=f"key hint {material.public_key_hint}",
            )
        return _KeyHolder(key=key)
    if key is not None:
        raise CheckFailedError("the bundle was signed with a certificate, the policy names a key")
    leaf, *others = (read_certificate(encoded) for encoded in material.certificates)
    if any(other.issuer == other.subject for other in others):
        raise CheckFailedError("the bundle contains a root certificate")
    return _KeyHolder(key=public_key_of(leaf.public_key()), leaf=leaf, others=tuple(others))


def _signed(bundle: Bundle, holder: _KeyHolder, digests: Mapping[str, bytes]) -> SignedArtifact:
    """Check the signature itself; return what it is over."""
    algorithm = usual_algorithm(holder.key)
    if bundle.envelope is not None:
        if len(bundle.envelope.signatures) != 1:
            raise CheckFailedError(
                "a Sigstore bundle's envelope has exactly one signature",
                actual=str(len(bundle.envelope.signatures)),
            )
        signature: bytes = bundle.envelope.signatures[0].signature
        data = pae(bundle.envelope.payload_type, bundle.envelope.payload)
        is_good = verify_signature(holder.key, algorithm, signature, data=data)
        digests = {}
    else:
        signature, digest = _message(bundle, digests, algorithm)
        is_good = verify_signature(holder.key, algorithm, signature, digest=digest)
    if not is_good:
        raise CheckFailedError("the signature does not match the signer's key and this content")
    return SignedArtifact(
        signature=signature,
        key=holder.key,
        certificate=bundle.material.certificates[0] if bundle.material.certificates else b"",
        envelope=bundle.envelope,
        digests=digests,
    )


def _message(
    bundle: Bundle, digests: Mapping[str, bytes], algorithm: Algorithm
) -> tuple[bytes, bytes]:
    message, name = bundle.message, algorithm.hash_name
    if message is None or name not in digests:
        raise CheckFailedError(f"the bundle signs a single file, which was not hashed with {name}")
    stated = SHA2_NAMES.get(message.digest_algorithm, "")
    if message.digest_algorithm and message.digest != digests.get(stated):
        raise CheckFailedError(
            "the bundle is about another file",
            expected=f"{message.digest_algorithm}:{message.digest.hex()}",
            actual=f"{stated}:{digests.get(stated, b'').hex()}",
        )
    return message.signature, digests[name]


def _timestamped(
    steps: Steps, bundle: Bundle, root: TrustedRoot, signed: SignedArtifact, *, is_needed: bool
) -> tuple[TrustedTime, ...]:
    """Verify every timestamp; return the moments that trusted authorities vouch for.

    A timestamp by an unknown authority takes nothing away where another source gives the time.
    """
    tokens = bundle.material.timestamps
    if len(set(tokens)) != len(tokens):
        steps.add(failed("sigstore/timestamp", "the bundle repeats a timestamp"))
    times = []
    refused: list[Check] = []
    for token in tokens:
        own_steps = Steps()
        what = "a trusted timestamp authority vouches for the time"
        at = own_steps.run("sigstore/timestamp", what, _token_time, token, signed, root)
        if at is None:
            refused.extend(own_steps.checks)
        else:
            steps.add(*own_steps.checks)
            source = TimeSource.TIMESTAMP_AUTHORITY
            times.append(TrustedTime(at=at, source=source, authority="timestamp authority"))
    is_fatal = is_needed and not times
    steps.add(*(msgspec.structs.replace(check, is_fatal=is_fatal) for check in refused))
    return tuple(times)


def _token_time(token: bytes, signed: SignedArtifact, root: TrustedRoot) -> datetime:
    return verify_timestamp(read_timestamp(token), signed.signature, root.timestamp_authorities)


def _certified(
    steps: Steps,
    leaf: Certificate,
    holder: _KeyHolder,
    root: TrustedRoot,
    times: tuple[TrustedTime, ...],
) -> Signer | None:
    """Lead the certificate to an authority at every trusted moment; return its holder."""
    moments = [time.at for time in times]
    what = "a trusted authority issued the certificate, valid at the time of signing"
    path = steps.run(
        "sigstore/certificate", what, verify_issued, leaf, holder.others, root.authorities, moments
    )
    if not path:
        return None
    if root.certificate_logs:
        what = "a certificate log vouches for the certificate"
        logs = root.certificate_logs
        steps.run("sigstore/certificate-log", what, verify_logged, leaf, path[1], logs)
    what = "the certificate names its holder and the issuer of that name"
    return steps.run("sigstore/certificate-names", what, fulcio_signer, leaf)
