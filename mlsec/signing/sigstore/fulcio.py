"""Fulcio's certificates: whose they are, what else they claim, and the way to their authority."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mlsec.signing.certificates.certificate import Authority, Purpose, verify_path
from mlsec.signing.errors import MalformedError
from mlsec.signing.keys.public_keys import PublicKey
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Identity, IdentityType, Signer

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Extension, ExtensionType, GeneralName

_ARC = "1.3.6.1.4.1.57264.1."
_USER_NAME = _ARC + "7"
_OLD_ISSUER, _ISSUER = _ARC + "1", _ARC + "8"
# Fulcio's oid-info: claims of the build that asked for the certificate.
_CLAIMS = {
    "9": "build_signer_uri",
    "10": "build_signer_digest",
    "11": "runner_environment",
    "12": "source_repository_uri",
    "13": "source_repository_digest",
    "14": "source_repository_ref",
    "15": "source_repository_identifier",
    "16": "source_repository_owner_uri",
    "17": "source_repository_owner_identifier",
    "18": "build_config_uri",
    "19": "build_config_digest",
    "20": "build_trigger",
    "21": "run_invocation_uri",
    "22": "source_repository_visibility",
    "23": "deployment_environment",
}


def verify_issued(
    leaf: Certificate,
    others: Sequence[Certificate],
    authorities: Sequence[Authority],
    times: Sequence[datetime],
) -> tuple[Certificate, ...]:
    """Give the path from ``leaf`` to one authority that holds at every one of ``times``.

    Raises:
        RefusedError: no authority of the trusted root issued it, or not for these moments.
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
    raise max(reasons, key=lambda each: "no path" not in each.message)


def _path(
    leaf: Certificate,
    others: Sequence[Certificate],
    authority: Authority,
    times: Sequence[datetime],
) -> tuple[Certificate, ...]:
    path: tuple[Certificate, ...] = ()
    for at in times:
        between = [*authority.chain[:-1], *others]
        path = verify_path(leaf, between, authority.chain[-1:], at, Purpose.CODE_SIGNING)
        if not authority.is_trusted_at(at):
            raise CheckFailedError(
                "the authority was not trusted when this was signed",
                actual=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            )
    return path


def signer_of(leaf: Certificate, key: PublicKey, algorithm: str) -> Signer:
    """Read who holds a Fulcio certificate.

    Raises:
        MalformedError: not exactly one name, no issuer, two that differ, or a claim that is
            no text.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    encoded = leaf.public_bytes(Encoding.DER)
    values = {each.oid.dotted_string: each for each in leaf.extensions}
    claims = tuple(
        (name, _text(values[_ARC + number]))
        for number, name in _CLAIMS.items()
        if _ARC + number in values
    )
    return Signer(
        key_fingerprint=key.fingerprint,
        algorithm=algorithm,
        certificate_fingerprint="sha256:" + hashlib.sha256(encoded).hexdigest(),
        identities=(_identity(leaf),),
        issuer=_issuer(values),
        serial_number=f"{leaf.serial_number:x}",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        extensions=claims,
    )


def _identity(leaf: Certificate) -> Identity:
    from cryptography import x509  # noqa: PLC0415

    try:
        names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = []
    if len(names) != 1:
        raise MalformedError(f"a Sigstore certificate has one name, this one has {len(names)}")
    return _named(names[0])


def _named(name: GeneralName) -> Identity:
    from cryptography import x509  # noqa: PLC0415

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


def _issuer(values: dict[str, Extension[ExtensionType]]) -> str:
    found = set()
    if _ISSUER in values:
        found.add(_text(values[_ISSUER]))
    if _OLD_ISSUER in values:
        found.add(_decoded(_raw(values[_OLD_ISSUER])))
    if len(found) != 1:
        raise MalformedError("a Sigstore certificate with no issuer, or with two that differ")
    return found.pop()


def _raw(extension: Extension[ExtensionType]) -> bytes:
    value = getattr(extension.value, "value", b"")
    return value if isinstance(value, bytes) else b""


def _text(extension: Extension[ExtensionType]) -> str:
    return _utf8(_raw(extension))


def _utf8(encoded: bytes) -> str:
    from cryptography.hazmat.asn1 import decode_der  # noqa: PLC0415

    try:
        return decode_der(str, encoded)
    except ValueError:
        raise MalformedError("a Sigstore certificate with a claim that is not UTF-8") from None


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("a Sigstore certificate with a claim that is not UTF-8") from None
