"""One signature file: the bundles in it, each with the envelope its signatures are over."""

from __future__ import annotations

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope
from mlsec.signing.bundles.bundle_reader import parse_bundles
from mlsec.signing.errors import SigningError, UnreadError
from mlsec.signing.models.model import Model, Signature
from mlsec.signing.trust.policy import TrustPolicy
from mlsec.signing.verdicts.verdict import Check, failed, not_checked
from mlsec.signing.verification.single_file import blob_envelope


class SignatureFile(msgspec.Struct, frozen=True, kw_only=True):
    """One signature file: its envelopes, or the check that says why there are none."""

    name: str
    bundles: tuple[tuple[Bundle, Envelope], ...] = ()
    checks: tuple[Check, ...] = ()


def read_signature_file(file: Signature, model: Model, policy: TrustPolicy) -> SignatureFile:
    """Read a signature file of a model; what is broken becomes a check.

    Raises:
        MlsecError: the file cannot be read.
    """
    check_id, name = "signature/readable", file.name
    try:
        data = file.read(policy.defaults.bundle_bytes + 1)
        bundles = parse_bundles(data, policy.defaults.json_limits)
        del data
        return SignatureFile(
            name=name, bundles=tuple((bundle, _envelope(bundle, model)) for bundle in bundles)
        )
    except UnreadError as error:
        what = "a signature file was not read"
        check = not_checked(check_id, what, actual=error.message, fix=error.hint, file=name)
    except SigningError as error:
        fix = error.hint or "sign the model again; the signature file is broken"
        check = failed(check_id, error.message, fix=fix, file=name)
    return SignatureFile(name=name, checks=(check,))


def _envelope(bundle: Bundle, model: Model) -> Envelope:
    if bundle.envelope is None:
        return blob_envelope(bundle, model)
    if bundle.media_type and len(bundle.envelope.signatures) != 1:
        count = len(bundle.envelope.signatures)
        raise SigningError(f"a Sigstore bundle has one signature, this one has {count}")
    return bundle.envelope
