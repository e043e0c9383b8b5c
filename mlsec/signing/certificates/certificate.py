"""X.509 certificates: strict reading, and path validation for one purpose at one moment."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtendedKeyUsage,
    ExtensionNotFound,
    ExtensionType,
    KeyUsage,
    verification,
)
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from mlsec.signing.errors import MalformedError
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import time_text

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
_ANY_PURPOSE = "2.5.29.37.0"
E = TypeVar("E", bound="ExtensionType")


class Purpose(enum.Enum):
    """The purpose a certificate must be issued for, as the object identifier of its key usage."""

    CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """Who may issue certificates or timestamps, and in which closed interval that is trusted.

    ``chain`` runs down to the anchor, its last; a timestamp authority's may begin with the
    certificate that signs. ``start`` and ``end`` are None where nothing bounds the trust.
    """

    chain: tuple[Certificate, ...]
    start: datetime | None = None
    end: datetime | None = None
    name: str = ""

    def is_trusted_at(self, at: datetime) -> bool:
        """Whether the authority was trusted at this moment."""
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


def read_certificate(data: bytes) -> Certificate:
    """Read one DER certificate, with everything that is looked at later.

    Raises:
        MalformedError: over 64 KiB, not DER, or a field or extension that cannot be decoded.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"certificate larger than {MAX_BYTES} bytes")
    broken = (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )
    try:
        # Odd certificates make the library warn; what it then returns is judged like any other.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(data)
            _touch(certificate)
    except broken as error:
        reason = " ".join(str(error).split())[:120]
        raise MalformedError(f"not a certificate that can be read: {reason}") from None
    return certificate


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Read the certificates of a file: PEM blocks, or one in DER.

    Raises:
        MalformedError: none, or one that cannot be read.
    """
    if not data.strip():
        raise MalformedError("is empty, where a certificate in PEM or DER belongs")
    if b"-----BEGIN" not in data:
        return (read_certificate(data),)
    if b"PRIVATE KEY-----" in data:
        raise MalformedError("holds a private key, where only certificates belong")
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except (ValueError, x509.InvalidVersion):
        raise MalformedError("is not a PEM file of certificates") from None
    return tuple(
        read_certificate(certificate.public_bytes(Encoding.DER)) for certificate in certificates
    )


def _touch(certificate: Certificate) -> None:
    """Decode everything now that the library would decode, or refuse, only on first use."""
    certificate.public_key()
    _ = (
        certificate.extensions,
        certificate.subject,
        certificate.issuer,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def extension_of(certificate: Certificate, kind: type[E]) -> E | None:
    """Return the value of an extension, None where the certificate has no such one."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def verify_path(
    leaf: Certificate,
    intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate],
    at: datetime,
    purpose: Purpose,
    *,
    may_be_authority: bool = False,
    may_lack_purpose: bool = False,
) -> tuple[Certificate, ...]:
    """Return the path from ``leaf`` to one of ``anchors``, every certificate valid at ``at``.

    The leaf must be issued for ``purpose`` (it may leave open what for, with
    ``may_lack_purpose``) and be no authority itself (but for ``may_be_authority``); an
    intermediate that is limited to purposes must list this one. An anchor need not be self-signed.

    Raises:
        CheckFailedError: no such path.
    """
    if not anchors or leaf in anchors:
        raise CheckFailedError("the certificate does not lead to an anchor of the policy")
    if invalidity := _invalidity(leaf, at):
        raise CheckFailedError(f"the certificate is {invalidity}")
    leaf_policy = _leaf_policy(
        purpose, may_be_authority=may_be_authority, may_lack_purpose=may_lack_purpose
    )
    try:
        verified = (
            verification.PolicyBuilder()
            .store(verification.Store(list(anchors)))
            .time(at)
            .max_chain_depth(MAX_DEPTH)
            .extension_policies(ca_policy=_issuer_policy(purpose), ee_policy=leaf_policy)
            .build_client_verifier()
            .verify(leaf, list(intermediates))
        )
    except (verification.VerificationError, ValueError) as error:
        why = _outdated_issuer(leaf, intermediates, anchors, at) or _reason(error)
        raise CheckFailedError(f"no path to an anchor of the policy: {why}") from None
    return tuple(verified.chain)


def _outdated_issuer(
    leaf: Certificate,
    intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate],
    at: datetime,
) -> str:
    """Say which issuer's certificate is not valid then, as nothing else would name it."""
    issuers = {leaf.issuer, *(certificate.issuer for certificate in intermediates)}
    for certificate in (*intermediates, *anchors):
        validity = _invalidity(certificate, at)
        if validity and certificate.subject in issuers:
            return f"the certificate of {certificate.subject.rfc4514_string()[:100]} is {validity}"
    return ""


def _invalidity(certificate: Certificate, at: datetime) -> str:
    """Say when a certificate is valid, "" where it is valid at that time."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if start <= at <= end:
        return ""
    return f"valid from {time_text(start)} to {time_text(end)}, not at {time_text(at)}"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    for noise in ("validation failed: ", "Python extension validator failed: ", "ValueError: "):
        text = text.removeprefix(noise)
    return text.split("(encountered")[0].strip()[:200]


def _issuer_policy(purpose: Purpose) -> ExtensionPolicy:
    def usage(_: Policy, __: Certificate, extension: KeyUsage | None) -> None:
        if extension is not None and not extension.key_cert_sign:
            raise ValueError("an issuer's key is not meant to sign certificates")

    def purposes(_: Policy, __: Certificate, extension: ExtendedKeyUsage | None) -> None:
        if extension is not None and not {purpose.value, _ANY_PURPOSE} & _listed(extension):
            raise ValueError("an issuer is limited to other purposes")

    either = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, either, None)
        .may_be_present(x509.KeyUsage, either, usage)
        .may_be_present(x509.ExtendedKeyUsage, either, purposes)
    )


def _leaf_policy(
    purpose: Purpose, *, may_be_authority: bool, may_lack_purpose: bool
) -> ExtensionPolicy:
    def basic(_: Policy, __: Certificate, extension: BasicConstraints | None) -> None:
        if extension is not None and extension.ca and not may_be_authority:
            raise ValueError("the certificate is an authority's, not a signer's")

    def usage(_: Policy, __: Certificate, extension: KeyUsage | None) -> None:
        if extension is not None and not extension.digital_signature:
            raise ValueError("the certificate's key is not meant for signatures")

    def purposes(_: Policy, __: Certificate, extension: ExtendedKeyUsage | None) -> None:
        if extension is None:
            return
        listed = _listed(extension)
        if purpose.value not in listed:
            raise ValueError(f"the certificate is not issued for {_named(purpose)}")
        # RFC 3161, 2.3: a timestamping key has this one purpose.
        if purpose is Purpose.TIME_STAMPING and len(listed) > 1:
            raise ValueError("the certificate has other purposes beside timestamping")

    either = Criticality.AGNOSTIC
    policy = (
        ExtensionPolicy.permit_all()
        .may_be_present(x509.BasicConstraints, either, basic)
        .may_be_present(x509.KeyUsage, either, usage)
    )
    if may_lack_purpose:
        return policy.may_be_present(x509.ExtendedKeyUsage, either, purposes)
    criticality = Criticality.CRITICAL if purpose is Purpose.TIME_STAMPING else either
    return policy.require_present(x509.ExtendedKeyUsage, criticality, purposes)


def _listed(extension: ExtendedKeyUsage) -> frozenset[str]:
    return frozenset(purpose.dotted_string for purpose in extension)


def _named(purpose: Purpose) -> str:
    return purpose.name.lower().replace("_", " ")
