"""A Notary Project signer of the tests' own: JWS envelopes, bent where a test asks for it."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.signing.make_log import b64
from tests.signing.make_timestamp import YEAR_END, YEAR_START, TimestampMaker, issue

SIGNED_AT = YEAR_START + timedelta(days=60)
SUBJECT = "x509.subject: C=US, ST=WA, O=acme"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
        x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acme"),
        x509.NameAttribute(NameOID.COMMON_NAME, "release"),
    ]
)


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class NotaryMaker:
    """A root, and a signer's certificate for one kind of key."""

    def __init__(
        self,
        key: Any = None,
        *,
        purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,),
        name: x509.Name = _NAME,
        is_ca: bool = False,
        end: datetime = YEAR_END,
    ) -> None:
        self.root = issue("notary root")
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._leaf(purposes, name, is_ca=is_ca, end=end)
        self.tsa = TimestampMaker()

    def _leaf(
        self,
        purposes: tuple[x509.ObjectIdentifier, ...],
        name: x509.Name,
        *,
        is_ca: bool,
        end: datetime,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.root.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(YEAR_START)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return builder.sign(self.root.key, hashes.SHA256())

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        return (self.root.certificate,)

    @property
    def algorithm(self) -> str:
        bits = self.key.key_size
        if isinstance(self.key, rsa.RSAPrivateKey):
            return {2048: "PS256", 3072: "PS384", 4096: "PS512"}[bits]
        return {256: "ES256", 384: "ES384", 521: "ES512"}[bits]

    def envelope(
        self,
        target: dict[str, Any],
        *,
        headers: dict[str, Any] | None = None,
        is_stamped: bool = False,
        signed_by: NotaryMaker | None = None,
    ) -> dict[str, Any]:
        """An envelope over ``target``; ``headers`` replace protected ones."""
        protected = {
            "alg": self.algorithm,
            "cty": "application/vnd.cncf.notary.payload.v1+json",
            "crit": ["io.cncf.notary.signingScheme"],
            "io.cncf.notary.signingScheme": "notary.x509",
            "io.cncf.notary.signingTime": SIGNED_AT.strftime("%Y-%m-%dT%H:%M:%SZ"),
        } | (headers or {})
        payload = b64url(json.dumps({"targetArtifact": target}).encode())
        head = b64url(json.dumps(protected).encode())
        signature = (signed_by or self).sign(f"{head}.{payload}".encode())
        chain = [self.certificate, self.root.certificate]
        unprotected: dict[str, Any] = {
            "x5c": [b64(each.public_bytes(Encoding.DER)) for each in chain],
            "io.cncf.notary.signingAgent": "tests",
        }
        if is_stamped:
            token = _token(self.tsa.stamp(signature, SIGNED_AT))
            unprotected["io.cncf.notary.timestampSignature"] = b64(token)
        return {
            "payload": payload,
            "protected": head,
            "header": unprotected,
            "signature": b64url(signature),
        }

    def sign(self, data: bytes) -> bytes:
        plain = HASHES[self.algorithm[2:]]
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(mgf=padding.MGF1(plain), salt_length=padding.PSS.DIGEST_LENGTH)
            return self.key.sign(data, pss, plain)
        size = (self.key.key_size + 7) // 8
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(plain)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _token(response: bytes) -> bytes:
    """The token out of a response: Notary keeps it without the status around it."""
    status = b"\x30\x03\x02\x01\x00"
    start = response.index(status) + len(status)
    return response[start:]
