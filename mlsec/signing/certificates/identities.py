"""The names that a certificate gives its holder, and the signer that it proves."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from mlsec.signing.certificates.certificate import extension_of
from mlsec.signing.errors import MalformedError
from mlsec.signing.keys.algorithms import Algorithm
from mlsec.signing.keys.public_keys import fingerprint, public_key_of
from mlsec.signing.verdicts.verdict import MAX_IDENTITY_CHARS, Identity, IdentityType, Signer


def identities_of(certificate: Certificate) -> tuple[Identity, ...]:
    """Read the names a certificate gives its holder: alternative names, then the subject.

    Raises:
        MalformedError: a name that is too long.
    """
    types = {
        x509.UniformResourceIdentifier: IdentityType.URI,
        x509.RFC822Name: IdentityType.EMAIL,
        x509.DNSName: IdentityType.DNS,
    }
    identities = [
        Identity(type=types[type(name)], value=name.value)
        for name in extension_of(certificate, x509.SubjectAlternativeName) or ()
        if type(name) in types
    ]
    subject = certificate.subject.rfc4514_string()
    if subject:
        identities.append(Identity(type=IdentityType.SUBJECT, value=subject))
    if any(len(identity.value) > MAX_IDENTITY_CHARS for identity in identities):
        raise MalformedError(f"a name in the certificate is over {MAX_IDENTITY_CHARS} characters")
    return tuple(identities)


def certified_signer(
    certificate: Certificate,
    algorithm: Algorithm,
    identities: tuple[Identity, ...],
    *,
    issuer: str = "",
    extensions: tuple[tuple[str, str], ...] = (),
) -> Signer:
    """Describe the holder of a certificate as a signer."""
    return Signer(
        key_fingerprint=public_key_of(certificate.public_key()).fingerprint,
        algorithm=algorithm.value,
        certificate_fingerprint=fingerprint(certificate.public_bytes(Encoding.DER)),
        identities=identities,
        issuer=issuer,
        serial_number=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        extensions=extensions,
    )
