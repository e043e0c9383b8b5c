"""A timestamp authority of the tests' own: right by default, wrong where a test asks for it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.signing import make_der as der

YEAR_START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_END = datetime(2027, 1, 1, tzinfo=UTC)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_SHA256 = "2.16.840.1.101.3.4.2.1"


def name_of(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A private key and the certificate for it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    common_name: str,
    issuer: Holder | None = None,
    *,
    is_ca: bool = True,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    is_critical: bool = True,
    start: datetime = YEAR_START,
    end: datetime = YEAR_END,
) -> Holder:
    """A certificate signed by ``issuer``, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(common_name))
        .issuer_name(issuer.certificate.subject if issuer else name_of(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if is_ca:
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=is_critical)
    signing_key = issuer.key if issuer else key
    return Holder(key=key, certificate=builder.sign(signing_key, hashes.SHA256()))


class TimestampMaker:
    """Issues RFC 3161 responses under its own root."""

    def __init__(self, name: str = "tsa", **leaf: object) -> None:
        self.root = issue(f"{name} root")
        purposes = leaf.pop("purposes", (ExtendedKeyUsageOID.TIME_STAMPING,))
        self.leaf = issue(
            f"{name} signer",
            self.root,
            is_ca=False,
            purposes=purposes,
            **leaf,  # type: ignore[arg-type]
        )

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        return (self.leaf.certificate, self.root.certificate)

    def stamp(
        self,
        data: bytes,
        at: datetime = YEAR_START + timedelta(days=30),
        *,
        is_embedded: bool = True,
        status: int = 0,
        named: bytes | None = None,
        content_digest: bytes | None = None,
        repeat: int = 1,
    ) -> bytes:
        """A response over ``data``; the keywords bend one part of it."""
        content = self._content(data, at)
        digest = content_digest or hashlib.sha256(content).digest()
        named = named if named is not None else hashlib.sha256(self.leaf.der).digest()
        attributes = (
            _attribute("1.2.840.113549.1.9.3", der.oid("1.2.840.113549.1.9.16.1.4")),
            _attribute("1.2.840.113549.1.9.4", der.octets(digest)),
            _attribute(
                "1.2.840.113549.1.9.16.2.47",
                der.sequence(der.sequence(der.sequence(der.octets(named)))),
            ),
        )
        signed = der.set_of(*attributes)
        signature = self.leaf.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        certificate = self.leaf.certificate
        signer = der.sequence(
            der.integer(1),
            der.sequence(certificate.issuer.public_bytes(), der.integer(certificate.serial_number)),
            der.sequence(der.oid(_SHA256)),
            b"\xa0" + signed[1:],
            der.sequence(der.oid("1.2.840.10045.4.3.2")),
            der.octets(signature),
        )
        data_signed = der.sequence(
            der.integer(3),
            der.set_of(der.sequence(der.oid(_SHA256))),
            der.sequence(
                der.oid("1.2.840.113549.1.9.16.1.4"), der.element(0xA0, der.octets(content))
            ),
            der.element(0xA0, self.leaf.der) if is_embedded else b"",
            der.element(0x31, *([signer] * repeat)),
        )
        token = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.element(0xA0, data_signed))
        return der.sequence(der.sequence(der.integer(status)), token)

    def _content(self, data: bytes, at: datetime) -> bytes:
        return der.sequence(
            der.integer(1),
            der.oid("1.2.3.4.1"),
            der.sequence(
                der.sequence(der.oid(_SHA256), b"\x05\x00"),
                der.octets(hashlib.sha256(data).digest()),
            ),
            der.integer(17),
            der.moment(at),
        )


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of(value))
