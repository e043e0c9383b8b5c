"""A whole Sigstore instance of the tests' own, and bundles that it would hand out."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mlsec.signing.bundles.dsse import pae
from tests.signing.make_fulcio import SIGNED_AT, FulcioMaker
from tests.signing.make_log import LogMaker, b64, spki
from tests.signing.make_timestamp import Holder, TimestampMaker

ARTIFACT = b"the weights of a model"
STATEMENT_TYPE = "application/vnd.in-toto+json"
STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "weights.bin", "digest": {"sha256": hashlib.sha256(ARTIFACT).hexdigest()}}
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    }
).encode()
V1 = "application/vnd.dev.sigstore.bundle+json;version=0.1"
V2 = "application/vnd.dev.sigstore.bundle+json;version=0.2"
V3 = "application/vnd.dev.sigstore.bundle.v0.3+json"
KINDS_OF_MESSAGES = (("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"))
KINDS_OF_ENVELOPES = (
    ("dsse", "0.0.1"),
    ("dsse", "0.0.2"),
    ("intoto", "0.0.1"),
    ("intoto", "0.0.2"),
    ("hashedrekord", "0.0.2"),
)


class SigstoreMaker:
    """Authority, certificate log, two transparency logs and a timestamp authority."""

    def __init__(self) -> None:
        self.fulcio = FulcioMaker()
        self.logs = {
            1: LogMaker("rekor.example", 1),
            2: LogMaker("log2026.rekor.example", 2),
        }
        self.tsa = TimestampMaker()

    def trusted_root(self, **changed: Any) -> dict[str, Any]:
        """The trusted root; a keyword replaces one of its lists."""
        valid = {"start": "2026-01-01T00:00:00Z"}

        def authority(*chain: Holder) -> dict[str, Any]:
            listed = [{"rawBytes": b64(each.der)} for each in chain]
            return {
                "subject": {"organization": "example", "commonName": "example"},
                "uri": "https://authority.example",
                "certChain": {"certificates": listed},
                "validFor": dict(valid),
            }

        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log.listed for log in self.logs.values()],
            "certificateAuthorities": [authority(self.fulcio.intermediate, self.fulcio.root)],
            "ctlogs": [self.fulcio.log.listed],
            "timestampAuthorities": [authority(self.tsa.leaf, self.tsa.root)],
        } | changed

    def message_bundle(
        self,
        holder: Holder | None = None,
        *,
        artifact: bytes = ARTIFACT,
        kind: tuple[str, str] = KINDS_OF_MESSAGES[0],
        at: datetime = SIGNED_AT,
        **changed: Any,
    ) -> dict[str, Any]:
        """A bundle over a blob; ``changed`` replaces parts of what the log records."""
        holder = holder or self.fulcio.certificate(at=at)
        signature = sign(holder, artifact)
        spec = record(kind, holder, signature, artifact=artifact, **changed)
        digest = hashlib.new(hash_of(holder), artifact).digest()
        names = {"sha256": "SHA2_256", "sha384": "SHA2_384", "sha512": "SHA2_512"}
        content = {
            "messageSignature": {
                "messageDigest": {"algorithm": names[hash_of(holder)], "digest": b64(digest)},
                "signature": b64(signature),
            }
        }
        return self.bundle(holder, content, kind, spec, signature, at)

    def envelope_bundle(
        self,
        holder: Holder | None = None,
        *,
        payload: bytes = STATEMENT,
        kind: tuple[str, str] = KINDS_OF_ENVELOPES[0],
        at: datetime = SIGNED_AT,
        **changed: Any,
    ) -> dict[str, Any]:
        """A bundle over a statement in a DSSE envelope."""
        holder = holder or self.fulcio.certificate(at=at)
        signature = sign(holder, pae(STATEMENT_TYPE, payload))
        spec = record(kind, holder, signature, payload=payload, **changed)
        content = {
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": STATEMENT_TYPE,
                "signatures": [{"sig": b64(signature)}],
            }
        }
        return self.bundle(holder, content, kind, spec, signature, at)

    def bundle(
        self,
        holder: Holder,
        content: dict[str, Any],
        kind: tuple[str, str],
        spec: dict[str, Any],
        signature: bytes,
        at: datetime,
    ) -> dict[str, Any]:
        """Log it with the generation its kind belongs to, and stamp it where that gives no time."""
        generation = 2 if kind in {("hashedrekord", "0.0.2"), ("dsse", "0.0.2")} else 1
        material: dict[str, Any] = {
            "certificate": {"rawBytes": b64(holder.der)},
            "tlogEntries": [self.logs[generation].entry(*kind, spec, at)],
        }
        if generation == 2:
            stamps = [{"signedTimestamp": b64(self.tsa.stamp(signature, at))}]
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
        return {"mediaType": V3, "verificationMaterial": material} | content


def hash_of(holder: Holder) -> str:
    return {256: "sha256", 384: "sha384", 521: "sha512"}[holder.key.curve.key_size]


def sign(holder: Holder, data: bytes) -> bytes:
    plain = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    return holder.key.sign(data, ec.ECDSA(plain[hash_of(holder)]))


def pem_of(holder: Holder) -> bytes:
    return holder.certificate.public_bytes(Encoding.PEM)


def public_pem(holder: Holder) -> bytes:
    return holder.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def record(
    kind: tuple[str, str],
    holder: Holder,
    signature: bytes,
    *,
    artifact: bytes = b"",
    payload: bytes = b"",
    is_managed: bool = False,
) -> dict[str, Any]:
    """What a log stores for one signature, for each kind of entry."""
    pem = b64(public_pem(holder) if is_managed else pem_of(holder))
    encoded = spki(holder.key) if is_managed else holder.der
    verifier = {
        ("publicKey" if is_managed else "x509Certificate"): {"rawBytes": b64(encoded)},
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
    }
    hashed = hashlib.sha256(payload).hexdigest()
    signed = artifact or pae(STATEMENT_TYPE, payload)
    uploaded = json.dumps(
        {
            "payloadType": STATEMENT_TYPE,
            "payload": b64(payload),
            "signatures": [{"sig": b64(signature)}],
        },
        separators=(",", ":"),
    ).encode()
    match kind:
        case ("hashedrekord", "0.0.1"):
            digest = {"algorithm": "sha256", "value": hashlib.sha256(signed).hexdigest()}
            return {
                "data": {"hash": digest},
                "signature": {"content": b64(signature), "publicKey": {"content": pem}},
            }
        case ("hashedrekord", "0.0.2"):
            name = hash_of(holder)
            digest = {
                "algorithm": f"SHA2_{name[3:]}",
                "digest": b64(hashlib.new(name, signed).digest()),
            }
            return {
                "hashedRekordV002": {
                    "data": digest,
                    "signature": {"content": b64(signature), "verifier": verifier},
                }
            }
        case ("dsse", "0.0.1"):
            return {
                "envelopeHash": {
                    "algorithm": "sha256",
                    "value": hashlib.sha256(uploaded).hexdigest(),
                },
                "payloadHash": {"algorithm": "sha256", "value": hashed},
                "signatures": [{"signature": b64(signature), "verifier": pem}],
            }
        case ("dsse", "0.0.2"):
            return {
                "dsseV002": {
                    "payloadHash": {
                        "algorithm": "SHA2_256",
                        "digest": b64(hashlib.sha256(payload).digest()),
                    },
                    "signatures": [{"content": b64(signature), "verifier": verifier}],
                }
            }
        case ("intoto", "0.0.1"):
            return {
                "content": {
                    "hash": {"algorithm": "sha256", "value": hashlib.sha256(uploaded).hexdigest()},
                    "payloadHash": {"algorithm": "sha256", "value": hashed},
                },
                "publicKey": pem,
            }
        case _:
            listed = [{"publicKey": pem, "sig": b64(b64(signature).encode())}]
            return {
                "content": {
                    "envelope": {"payloadType": STATEMENT_TYPE, "signatures": listed},
                    "hash": {"algorithm": "sha256", "value": hashlib.sha256(uploaded).hexdigest()},
                    "payloadHash": {"algorithm": "sha256", "value": hashed},
                }
            }
