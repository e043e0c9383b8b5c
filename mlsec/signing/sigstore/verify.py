"""Verifies a Sigstore bundle offline against one trusted root."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.bundles.bundle import Bundle
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.certificates.certificate import read_certificate
from mlsec.signing.keys import public_keys as keys
from mlsec.signing.sigstore import certificate_timestamps as certificate_log
from mlsec.signing.sigstore import fulcio
from mlsec.signing.sigstore.entry_binding import Signed
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

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MESSAGE_HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class _Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who is said to have signed: a managed key, or a certificate with what came along."""

    key: keys.PublicKey
    leaf: Certificate | None = None
    others: tuple[Certificate, ...] = ()


def verify_sigstore(
    bundle: Bundle,
    root: TrustedRoot,
    *,
    digests: Mapping[str, bytes] | None = None,
    key: keys.PublicKey | None = None,
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
    holder = steps.run(
        "sigstore/signer", "the bundle names its signer", partial(_holder, bundle, key)
    )
    if holder is None:
        return SignatureVerdict(checks=steps.checks)
    signed = steps.run(
        "sigstore/signature",
        "the signature is the signer's, over this content",
        partial(_signed, bundle, holder, digests or {}),
    )
    if signed is None:
        return SignatureVerdict(checks=steps.checks)
    logged = verify_entries(steps, bundle, root, signed)
    times = (*logged, *_stamped(steps, bundle, root, signed, is_needed=not logged))
    check_log_windows(steps, bundle, root, times)
    if holder.leaf is None:
        return SignatureVerdict(checks=steps.checks, signer=_managed(holder), times=times)
    if not times:
        steps.add(
            failed(
                "sigstore/time",
                "nobody who is trusted says when this was signed",
                fix="sign again with a log or timestamp authority that the trusted root lists",
            )
        )
        return SignatureVerdict(checks=steps.checks)
    signer = _issued(steps, holder, root, times)
    return SignatureVerdict(checks=steps.checks, signer=signer, times=times)


def _holder(bundle: Bundle, key: keys.PublicKey | None) -> _Holder:
    material = bundle.material
    if not material.certificates:
        if key is None:
            raise CheckFailedError(
                "the bundle was signed with a key, and the policy names none",
                actual=f"key hint {material.public_key_hint}",
            )
        return _Holder(key=key)
    if key is not None:
        raise CheckFailedError("the bundle was signed with a certificate, the policy names a key")
    leaf, *others = (read_certificate(each) for each in material.certificates)
    if any(each.issuer == each.subject for each in others):
        raise CheckFailedError("the bundle brings a root certificate of its own")
    return _Holder(key=keys.public_key_of(leaf.public_key()), leaf=leaf, others=tuple(others))


def _signed(bundle: Bundle, holder: _Holder, digests: Mapping[str, bytes]) -> Signed:
    """Check the signature itself; give what it is over."""
    algorithm = keys.usual_algorithm(holder.key)
    certificate = bundle.material.certificates[0] if bundle.material.certificates else b""
    if bundle.envelope is not None:
        if len(bundle.envelope.signatures) != 1:
            raise CheckFailedError(
                "a Sigstore bundle's envelope has exactly one signature",
                actual=str(len(bundle.envelope.signatures)),
            )
        signature = bundle.envelope.signatures[0].signature
        data = pae(bundle.envelope.payload_type, bundle.envelope.payload)
        is_good = keys.verify_signature(holder.key, algorithm, signature, data=data)
        digests = {}
    else:
        signature, digest = _message(bundle, digests, algorithm)
        is_good = keys.verify_signature(holder.key, algorithm, signature, digest=digest)
    if not is_good:
        raise CheckFailedError("the signature does not fit the signer's key and this content")
    return Signed(
        signature=signature,
        key=holder.key,
        certificate=certificate,
        envelope=bundle.envelope,
        digests=digests,
    )


def _message(
    bundle: Bundle, digests: Mapping[str, bytes], algorithm: keys.Algorithm
) -> tuple[bytes, bytes]:
    message = bundle.message
    name = algorithm.hash_name
    if message is None or name not in digests:
        raise CheckFailedError(f"the bundle signs a single file, which was not hashed with {name}")
    stated = _MESSAGE_HASHES.get(message.digest_algorithm, "")
    if message.digest_algorithm and message.digest != digests.get(stated):
        raise CheckFailedError(
            "the bundle is about another file",
            expected=f"{message.digest_algorithm}:{message.digest.hex()}",
            actual=f"{stated}:{digests.get(stated, b'').hex()}",
        )
    return message.signature, digests[name]


def _stamped(
    steps: Steps, bundle: Bundle, root: TrustedRoot, signed: Signed, *, is_needed: bool
) -> tuple[TrustedTime, ...]:
    """Verify every timestamp; give the moments that trusted authorities vouch for.

    A timestamp by nobody we know takes nothing away where another source gives the time.
    """
    stamps = bundle.material.timestamps
    if len(set(stamps)) != len(stamps):
        steps.add(failed("sigstore/timestamp", "the bundle repeats a timestamp"))
    times = []
    refused: list[Check] = []
    for stamp in stamps:
        one = Steps()
        at = one.run(
            "sigstore/timestamp",
            "a trusted timestamp authority vouches for the time",
            partial(_stamp, stamp, signed, root),
        )
        if at is None:
            refused.extend(one.checks)
        else:
            steps.add(*one.checks)
            source = TimeSource.TIMESTAMP_AUTHORITY
            times.append(TrustedTime(at=at, source=source, authority="timestamp authority"))
    is_fatal = is_needed and not times
    steps.add(*(msgspec.structs.replace(each, is_fatal=is_fatal) for each in refused))
    return tuple(times)


def _stamp(stamp: bytes, signed: Signed, root: TrustedRoot) -> datetime:
    return verify_timestamp(read_timestamp(stamp), signed.signature, root.timestamp_authorities)


def _issued(
    steps: Steps, holder: _Holder, root: TrustedRoot, times: tuple[TrustedTime, ...]
) -> Signer | None:
    """Lead the certificate to an authority at every trusted moment; give its holder."""
    leaf = holder.leaf
    moments = [each.at for each in times]
    if leaf is None:
        return None
    path = steps.run(
        "sigstore/certificate",
        "a trusted authority issued the certificate, valid at the time of signing",
        partial(fulcio.verify_issued, leaf, holder.others, root.authorities, moments),
    )
    if not path:
        return None
    if root.certificate_logs:
        steps.run(
            "sigstore/certificate-log",
            "a certificate log vouches for the certificate",
            partial(certificate_log.verify_logged, leaf, path[1], root.certificate_logs),
        )
    return steps.run(
        "sigstore/certificate-names",
        "the certificate names its holder and the issuer of that name",
        partial(fulcio.signer_of, leaf, holder.key, keys.usual_algorithm(holder.key).value),
    )


def _managed(holder: _Holder) -> Signer:
    return Signer(
        key_fingerprint=holder.key.fingerprint,
        algorithm=keys.usual_algorithm(holder.key).value,
    )
