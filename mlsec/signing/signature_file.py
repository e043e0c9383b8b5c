"""One signature file: the bundles in it, each with the envelope its signatures are over."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.signing.bundle import Bundle, Envelope, parse_bundles
from mlsec.signing.errors import SigningError
from mlsec.signing.policy import TrustPolicy
from mlsec.signing.single_file import blob_envelope
from mlsec.signing.verdict import Check, failed


class SignatureFile(msgspec.Struct, frozen=True, kw_only=True):
    """One signature file: its envelopes, or the check that says why there are none."""

    file: Path
    bundles: tuple[tuple[Bundle, Envelope], ...] = ()
    checks: tuple[Check, ...] = ()


def read_signature_file(file: Path, target: Path, policy: TrustPolicy) -> SignatureFile:
    """Read a signature file of the model at ``target``; what is broken becomes a check.

    Raises:
        MlsecError: the file cannot be read.
    """
    limit = policy.defaults.bundle_bytes
    try:
        with file.open("rb") as opened:
            data = opened.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(file)) from None
    try:
        bundles = parse_bundles(data, policy.defaults.json_limits)
        del data
        found = tuple((one, _envelope(one, target)) for one in bundles)
    except SigningError as error:
        check = failed(
            "signature/readable", error.message, file=file.name,
            fix=error.hint or "sign the model again; the signature file is broken",
        )  # fmt: skip
        return SignatureFile(file=file, checks=(check,))
    return SignatureFile(file=file, bundles=found)


def _envelope(bundle: Bundle, target: Path) -> Envelope:
    if bundle.envelope is None:
        return blob_envelope(bundle, target)
    if bundle.media_type and len(bundle.envelope.signatures) != 1:
        count = len(bundle.envelope.signatures)
        raise SigningError(f"a Sigstore bundle has one signature, this one has {count}")
    return bundle.envelope
