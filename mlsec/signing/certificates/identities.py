"""The names that a certificate gives its holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlsec.signing.errors import MalformedError
from mlsec.signing.verdicts.verdict import MAX_IDENTITY_CHARS, Identity, IdentityType

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def identities_of(certificate: Certificate) -> tuple[Identity, ...]:
    """Read the names a certificate gives its holder: alternative names, then the subject.

    Raises:
        MalformedError: a name that is too long.
    """
    from cryptography import x509  # noqa: PLC0415

    found = []
    try:
        names: Any = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        names = ()
    kinds = {
        x509.UniformResourceIdentifier: IdentityType.URI,
        x509.RFC822Name: IdentityType.EMAIL,
        x509.DNSName: IdentityType.DNS,
    }
    for name in names:
        kind = kinds.get(type(name))
        if kind is not None:
            found.append(Identity(type=kind, value=name.value))
    subject = certificate.subject.rfc4514_string()
    if subject:
        found.append(Identity(type=IdentityType.SUBJECT, value=subject))
    if any(len(one.value) > MAX_IDENTITY_CHARS for one in found):
        raise MalformedError(f"a name in the certificate is over {MAX_IDENTITY_CHARS} characters")
    return tuple(found)
