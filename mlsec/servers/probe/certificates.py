"""A certificate's facts: names, dates, key, signature; nothing here decides whom to trust."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from mlsec.core.sanitize import visible

_MOST_NAMES = 200
# Certificates are renewed before this much of them is left; short-lived ones before a third is.
_RENEWAL = datetime.timedelta(days=21)

OF_CERTIFICATE = tuple(
    f"certificate.{name}"
    for name in (
        "subject", "issuer", "names", "matches_host", "not_before", "not_after", "renew_by",
        "lifetime_days", "key_type", "key_bits", "signature_hash", "is_self_signed",
    )
)  # fmt: skip


def read_certificate(encoded: str, host: str) -> dict[str, Any]:
    """Give the facts of the certificate that a server showed for ``host``.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        result = x509.load_der_x509_certificate(base64.b64decode(encoded))
        names, addresses = _names(result)
        kind, bits = _key(result)
        begins, ends = result.not_valid_before_utc, result.not_valid_after_utc
        return {
            "certificate.subject": visible(result.subject.rfc4514_string(), 300),
            "certificate.issuer": visible(result.issuer.rfc4514_string(), 300),
            "certificate.names": [visible(name, 300) for name in (*names, *addresses)],
            "certificate.matches_host": _matches(host, names, addresses),
            "certificate.not_before": _moment(begins),
            "certificate.not_after": _moment(ends),
            "certificate.renew_by": _moment(ends - min(_RENEWAL, (ends - begins) / 3)),
            "certificate.lifetime_days": (ends - begins).days,
            "certificate.key_type": kind,
            "certificate.key_bits": bits,
            "certificate.signature_hash": _signature(result),
            "certificate.is_self_signed": _is_self_signed(result),
        }
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the certificate cannot be read: {visible(str(error), 120)}") from None


def _names(item: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        extension = item.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    names = extension.get_values_for_type(x509.DNSName)[:_MOST_NAMES]
    addresses = extension.get_values_for_type(x509.IPAddress)[:_MOST_NAMES]
    return list(names), [str(address) for address in addresses]


def _matches(host: str, names: list[str], addresses: list[str]) -> bool:
    """Whether the certificate is for the host, by RFC 6125: no common name, whole labels only."""
    try:
        return str(ipaddress.ip_address(host)) in addresses
    except ValueError:
        pass
    wanted = host.rstrip(".").lower().split(".")
    return any(_is_name(wanted, name.rstrip(".").lower().split(".")) for name in names)


def _is_name(wanted: list[str], given: list[str]) -> bool:
    if given[0] == "*" and len(given) > 2:
        return len(wanted) == len(given) and wanted[1:] == given[1:]
    return wanted == given


def _key(item: x509.Certificate) -> tuple[str, int]:
    match item.public_key():
        case rsa.RSAPublicKey() as key:
            return "rsa", key.key_size
        case ec.EllipticCurvePublicKey() as key:
            return "ec", key.key_size
        case dsa.DSAPublicKey() as key:
            return "dsa", key.key_size
        case ed25519.Ed25519PublicKey():
            return "ed25519", 256
        case ed448.Ed448PublicKey():
            return "ed448", 456
        case _:
            return "other", 0


def _signature(item: x509.Certificate) -> str:
    """Name the hash under the signature; schemes with one of their own are named themselves."""
    hashed = item.signature_hash_algorithm
    if hashed is not None:
        return hashed.name
    return visible(item.signature_algorithm_oid.dotted_string, 60)


def _is_self_signed(item: x509.Certificate) -> bool:
    if item.subject != item.issuer:
        return False
    try:
        item.verify_directly_issued_by(item)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _moment(moment: datetime.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
