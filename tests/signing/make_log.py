"""Transparency logs of the tests' own: a Merkle tree, checkpoints, promises, both generations."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

START = datetime(2026, 1, 1, tzinfo=UTC)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """The root of RFC 6962, by its recursive definition."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(tree_root(leaves[:split]), tree_root(leaves[split:]))


def tree_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """The inclusion proof of RFC 6962, by its recursive definition."""
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*tree_path(index, leaves[:split]), tree_root(leaves[split:])]
    return [*tree_path(index - split, leaves[split:]), tree_root(leaves[:split])]


class LogMaker:
    """One log; ``generation`` 1 signs with P-256 and makes promises, 2 signs with Ed25519."""

    def __init__(self, host: str, generation: int, others: int = 4) -> None:
        self.host = host
        self.generation = generation
        is_first = generation == 1
        self.key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if is_first
            else ed25519.Ed25519PrivateKey.generate()
        )
        self.origin = f"{host} - 3904496407287907110" if is_first else host
        self.bodies = [b"entry %d of somebody else" % n for n in range(others)]
        self.window: dict[str, str] = {"start": "2026-01-01T00:00:00Z"}

    @property
    def key_id(self) -> bytes:
        if self.generation == 1:
            return hashlib.sha256(spki(self.key)).digest()
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(self.origin.encode() + b"\n\x01" + raw).digest()

    def sign(self, data: bytes) -> bytes:
        if self.generation == 1:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(data)

    def checkpoint(self, *, name: str = "", hint: bytes = b"", more: str = "") -> str:
        root = tree_root([leaf(each) for each in self.bodies])
        text = f"{self.origin}\n{len(self.bodies)}\n{b64(root)}\n"
        signature = (hint or self.key_id[:4]) + self.sign(text.encode())
        return f"{text}\n{more}\u2014 {name or self.host} {b64(signature)}\n"

    def entry(self, kind: str, version: str, spec: dict[str, Any], at: datetime) -> dict[str, Any]:
        """Store a record; give the log entry as a bundle carries it."""
        record = {"apiVersion": version, "kind": kind, "spec": spec}
        body = json.dumps(record, separators=(",", ":"), sort_keys=True).encode()
        self.bodies.append(body)
        return self.receipt(len(self.bodies) - 1, kind, version, at)

    def receipt(self, index: int, kind: str, version: str, at: datetime) -> dict[str, Any]:
        body = self.bodies[index]
        leaves = [leaf(each) for each in self.bodies]
        found: dict[str, Any] = {
            "logIndex": str(1000 + index if self.generation == 1 else index),
            "logId": {"keyId": b64(self.key_id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(tree_root(leaves)),
                "treeSize": str(len(leaves)),
                "hashes": [b64(each) for each in tree_path(index, leaves)],
                "checkpoint": {"envelope": self.checkpoint()},
            },
            "canonicalizedBody": b64(body),
        }
        if self.generation == 1:
            found |= self.promise(body, int(found["logIndex"]), at)
        return found

    def promise(self, body: bytes, index: int, at: datetime) -> dict[str, Any]:
        seconds = int(at.timestamp())
        said = {
            "body": b64(body),
            "integratedTime": seconds,
            "logID": self.key_id.hex(),
            "logIndex": index,
        }
        signature = self.sign(json.dumps(said, separators=(",", ":")).encode())
        return {
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": b64(signature)},
        }

    @property
    def listed(self) -> dict[str, Any]:
        """The log as a trusted root lists it."""
        return {
            "baseUrl": f"https://{self.host}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(spki(self.key)),
                "keyDetails": (
                    "PKIX_ECDSA_P256_SHA_256" if self.generation == 1 else "PKIX_ED25519"
                ),
                "validFor": dict(self.window),
            },
            "logId": {"keyId": b64(self.key_id)},
        }
