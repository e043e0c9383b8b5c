"""A certificate authority of the tests' own, shaped like Fulcio, with its certificate log."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.signing import make_der as der
from tests.signing.make_log import LogMaker, spki
from tests.signing.make_timestamp import Holder, issue

IDENTITY = "https://github.com/acme/train/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
SIGNED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CLAIMS = {
    "9": IDENTITY,
    "11": "github-hosted",
    "12": "https://github.com/acme/train",
    "13": "a" * 40,
    "14": "refs/heads/main",
    "18": IDENTITY,
}
_ARC = "1.3.6.1.4.1.57264.1."
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_CODE_SIGNING = (ExtendedKeyUsageOID.CODE_SIGNING,)


class FulcioMaker:
    """Root, intermediate and a certificate log; issues certificates that live ten minutes."""

    def __init__(self) -> None:
        self.root = issue("fulcio root")
        self.intermediate = issue(
            "fulcio intermediate", self.root, purposes=_CODE_SIGNING, is_critical=False
        )
        self.log = LogMaker("ctfe.example", 1)

    def certificate(
        self,
        *,
        name: x509.GeneralName | None = None,
        issuer: str = ISSUER,
        at: datetime = SIGNED_AT,
        purposes: tuple[x509.ObjectIdentifier, ...] = _CODE_SIGNING,
        claims: Mapping[str, str] = CLAIMS,
        sct: str = "good",
        curve: ec.EllipticCurve | None = None,
        old_issuer: str = "",
    ) -> Holder:
        """A signer's certificate; ``sct`` is good, none, forged, stranger or namesake."""
        key = ec.generate_private_key(curve or ec.SECP256R1())
        builder = self._unlogged(
            key, at, purposes, name or x509.UniformResourceIdentifier(IDENTITY)
        )
        builder = _claimed(builder, "8", der.utf8(issuer))
        builder = _claimed(builder, "1", (old_issuer or issuer).encode())
        for number, value in claims.items():
            builder = _claimed(builder, number, der.utf8(value))
        signing_key = self.intermediate.key
        plain = builder.sign(signing_key, hashes.SHA256())
        if sct != "none":
            stamps = self._stamps(plain.tbs_certificate_bytes, at, sct)
            builder = builder.add_extension(
                x509.UnrecognizedExtension(_SCT_LIST, der.octets(stamps)), critical=False
            )
        return Holder(key=key, certificate=builder.sign(signing_key, hashes.SHA256()))

    def _unlogged(
        self, key: Any, at: datetime, purposes: tuple[x509.ObjectIdentifier, ...], name: Any
    ) -> x509.CertificateBuilder:
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        issuing = self.intermediate.certificate
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuing.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(minutes=1))
            .not_valid_after(at + timedelta(minutes=9))
            .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        )

    def _stamps(self, body: bytes, at: datetime, kind: str) -> bytes:
        """The list of one signed certificate timestamp (RFC 6962, 3.3)."""
        log = LogMaker("stranger.example", 1) if kind == "stranger" else self.log
        issuer = spki(self.root.key if kind == "namesake" else self.intermediate.key)
        head = struct.pack("!BBQH", 0, 0, int(at.timestamp() * 1000), 1)
        length = len(body).to_bytes(3, "big")
        said = head + hashlib.sha256(issuer).digest() + length + body + b"\x00\x00"
        signature = log.sign(b"other data" if kind == "forged" else said)
        stamp = (
            struct.pack("!B32sQH", 0, log.key_id, int(at.timestamp() * 1000), 0)
            + struct.pack("!BBH", 4, 3, len(signature))
            + signature
        )
        return struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp


def _claimed(
    builder: x509.CertificateBuilder, number: str, value: bytes
) -> x509.CertificateBuilder:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(_ARC + number), value)
    return builder.add_extension(extension, critical=False)
