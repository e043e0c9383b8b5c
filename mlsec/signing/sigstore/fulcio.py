"""Fulcio's certificates: their issuing authority, identity, issuer and other claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.asn1 import decode_der
from cryptography.x509 import Certificate, GeneralName

from mlsec.signing.certificates.certificate import Authority, Purpose, extension_of, verify_path
from mlsec.signing.certificates.identities import certified_signer
from mlsec.signing.errors import MalformedError
from mlsec.signing.keys.algorithms import usual_algorithm
from mlsec.signing.keys.public_keys import public_key_of
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Identity, IdentityType, Signer, time_text

_ARC = "1.3.6.1.4.1.57264.1."
_USER_NAME = _ARC + "7"
_OLD_ISSUER, _ISSUER = _ARC + "1", _ARC + "8"
# Fulcio's oid-info: claims of the build that asked for the certificate.
_CLAIMS = {
    _ARC + "9": "build_signer_uri",
    _ARC + "10": "build_signer_digest",
    _ARC + "11": "runner_environment",
    _ARC + "12": "source_repository_uri",
    _ARC + "13": "source_repository_digest",
    _ARC + "14": "source_repository_ref",
    _ARC + "15": "source_repository_identifier",
    _ARC + "16": "source_repository_owner_uri",
    _ARC + "17": "source_repository_owner_identifier",
    _ARC + "18": "build_config_uri",
    _ARC + "19": "build_config_digest",
    _ARC + "20": "build_trigger",
    _ARC + "21": "run_invocation_uri",
    _ARC + "22": "source_repository_visibility",
    _ARC + "23": "deployment_environment",
}


def verify_issued(
    leaf: Certificate,
    others: Sequence[Certificate],
    authorities: Sequence[Authority],
    times: Sequence[datetime],
) -> tuple[Certificate, ...]:
    """Return the path from ``leaf`` to one authority that holds at every one of ``times``.

    Raises:
        CheckFailedError: no authority of the trusted root issued it, or not for these moments.
    """
    reasons: list[CheckFailedError] = []
    for authority in authorities:
        try:
            return _path(leaf, others, authority, times)
        except CheckFailedError as error:
            reasons.append(error)
    if not reasons:
        raise CheckFailedError("the trusted root names no certificate authority")
    # The authority that got furthest says most: one whose certificate signed the leaf.
    raise max(reasons, key=lambda reason: "no path" not in reason.message)


def _path(
    leaf: Certificate,
    others: Sequence[Certificate],
    authority: Authority,
    times: Sequence[datetime],
) -> tuple[Certificate, ...]:
    path: tuple[Certificate, ...] = ()
    intermediates = [*authority.chain[:-1], *others]
    for at in times:
        path = verify_path(leaf, intermediates, authority.chain[-1:], at, Purpose.CODE_SIGNING)
        if not authority.is_trusted_at(at):
            raise CheckFailedError(
                "the authority was not trusted when this was signed", actual=time_text(at)
            )
    return path


def fulcio_signer(leaf: Certificate) -> Signer:
    """Read who holds a Fulcio certificate.

    Raises:
        MalformedError: not exactly one name, no issuer, two that differ, or a claim that is
            no text.
    """
    values = {
        extension.oid.dotted_string: getattr(extension.value, "value", b"")
        for extension in leaf.extensions
    }
    claims = tuple((name, _utf8(values[oid])) for oid, name in _CLAIMS.items() if oid in values)
    return certified_signer(
        leaf,
        usual_algorithm(public_key_of(leaf.public_key())),
        (_identity(leaf),),
        issuer=_issuer(values),
        extensions=claims,
    )


def _identity(leaf: Certificate) -> Identity:
    names = list(extension_of(leaf, x509.SubjectAlternativeName) or ())
    if len(names) != 1:
        raise MalformedError(f"a Sigstore certificate has one name, this one has {len(names)}")
    return _named(names[0])


def _named(name: GeneralName) -> Identity:
    match name:
        case x509.UniformResourceIdentifier():
            return Identity(type=IdentityType.URI, value=name.value)
        case x509.RFC822Name():
            return Identity(type=IdentityType.EMAIL, value=name.value)
        case x509.DNSName():
            return Identity(type=IdentityType.DNS, value=name.value)
        case x509.OtherName() if name.type_id.dotted_string == _USER_NAME:
            return Identity(type=IdentityType.OTHER, value=_utf8(name.value))
        case _:
            raise MalformedError("a Sigstore certificate whose name is of an unknown kind")


def _issuer(values: dict[str, bytes]) -> str:
    issuers = {_utf8(values[_ISSUER])} if _ISSUER in values else set()
    if _OLD_ISSUER in values:
        # The extension of old holds the text itself, not a UTF8String.
        try:
            issuers.add(values[_OLD_ISSUER].decode("utf-8"))
        except UnicodeDecodeError:
            raise _not_utf8() from None
    if len(issuers) != 1:
        raise MalformedError("a Sigstore certificate with no issuer, or with two that differ")
    return issuers.pop()


def _utf8(encoded: bytes) -> str:
    """Decode a UTF8String in DER."""
    try:
        return decode_der(str, encoded)
    except ValueError:
        raise _not_utf8() from None


def _not_utf8() -> MalformedError:
    return MalformedError("a Sigstore certificate with a claim that is not UTF-8")
