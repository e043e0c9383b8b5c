"""A model, its signers and a trust policy to try things on; good until a test bends it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from mlsec.signing.api import verify
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.signer.sign import DEFAULT_OPTIONS, SigningOptions, sign
from mlsec.signing.signer.signing_key import SignerKey, load_signer
from mlsec.signing.trust.policy import Profile
from mlsec.signing.trust.policy_loader import policy_of
from mlsec.signing.verdicts.verdict import Answer, Check, Outcome, Verdict
from tests.signing.make_timestamp import Holder, TimestampMaker, issue

# In the middle of the year for which ``issue`` makes certificates.
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CODE = (ExtendedKeyUsageOID.CODE_SIGNING,)
FILES = {"config.json": b"{}", "model.safetensors": b"weights" * 40, "sub/tokenizer.json": b"[1]"}
TYPE = "application/vnd.in-toto+json"

# Making keys costs more than all else, and every test may share these.
RELEASE = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
CORP = issue("corp root")
ALICE = issue("alice", CORP, is_ca=False, purposes=CODE)
TSA = TimestampMaker()


def private_pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[no-any-return]


def public_pem(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def key_signer(key: Any = RELEASE) -> SignerKey:
    return load_signer(private_pem(key), None, [])


def certificate_signer(holder: Holder = ALICE, *chain: Holder) -> SignerKey:
    files = [pem(holder.certificate), *(pem(one.certificate) for one in chain)]
    return load_signer(private_pem(holder.key), None, files)


class Workshop:
    """One model in a folder of its own, signed by whom a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model"
        self.signature = self.model / "model.sig"
        for name, content in FILES.items():
            self.write(name, content)
        (folder / "release.pub").write_bytes(public_pem(RELEASE))
        (folder / "corp.pem").write_bytes(pem(CORP.certificate))
        (folder / "tsa.pem").write_bytes(pem(TSA.root.certificate))
        self.defaults: dict[str, Any] = {}
        self.deny: dict[str, Any] = {}
        self.anchors: dict[str, Any] = {
            "release": {"type": "key", "pem": "release.pub"},
            "corp": {"type": "x509", "roots": ["corp.pem"]},
        }
        self.signers: list[dict[str, Any]] = [
            {"anchor": "release"},
            {"anchor": "corp", "identity": {"subject": "CN=alice"}},
        ]
        self.rule: dict[str, Any] = {"match": {"path": "model"}}
        self.threshold = 0
        self.now = NOW
        self.profile = Profile.STRICT

    def write(self, name: str, content: bytes) -> Path:
        path = self.model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def sign(
        self,
        key: SignerKey | None = None,
        how: SigningOptions = DEFAULT_OPTIONS,
        timestamp: Callable[[bytes], bytes] | None = None,
        to: Path | None = None,
    ) -> None:
        path = to or self.signature
        path.write_bytes(sign(self.model, key or key_signer(), path, how, timestamp=timestamp))

    # What a signer who may sign, but errs or is malicious, puts his name to.

    def bundle(self) -> dict[str, Any]:
        return json.loads(self.signature.read_bytes())  # type: ignore[no-any-return]

    def statement(self) -> dict[str, Any]:
        payload = self.bundle()["dsseEnvelope"]["payload"]
        return json.loads(base64.b64decode(payload))  # type: ignore[no-any-return]

    def put(self, bundle: Any) -> None:
        data = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
        self.signature.write_bytes(data)

    def sign_statement(
        self,
        statement: Any,
        *,
        payload_type: str = TYPE,
        encode: Callable[[str, bytes], bytes] = pae,
        key: SignerKey | None = None,
    ) -> None:
        payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
        bundle = self.bundle()
        made = (key or key_signer()).sign(encode(payload_type, payload))
        bundle["dsseEnvelope"] = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": base64.b64encode(made).decode(), "keyid": ""}],
        }
        self.put(bundle)

    def policy(self) -> dict[str, Any]:
        require: dict[str, Any] = {"signers": self.signers}
        if self.threshold:
            require["threshold"] = self.threshold
        return {
            "version": 1,
            "defaults": self.defaults,
            "anchors": self.anchors,
            "models": [{**self.rule, "require": require}],
            "deny": self.deny,
        }

    def verify(self, *signatures: Path) -> Verdict:
        text = yaml.safe_dump(self.policy(), sort_keys=False)
        policy = policy_of(text, self.folder / "trust.yaml")
        return verify(self.model, policy, signatures=signatures, profile=self.profile, now=self.now)


def bad(verdict: Verdict) -> set[str]:
    """The ids of all checks that fail the verdict."""
    checks: list[Check] = list(verdict.checks)
    for one in verdict.signatures:
        checks += one.checks
    return {one.id for one in checks if one.is_fatal and one.outcome is Outcome.FAILED}


def noted(verdict: Verdict) -> set[str]:
    """The ids of all checks that did not hold, fatal or not."""
    checks: list[Check] = list(verdict.checks)
    for one in verdict.signatures:
        checks += one.checks
    return {one.id for one in checks if one.outcome is not Outcome.OK}


def is_verified(verdict: Verdict) -> bool:
    return verdict.answer is Answer.VERIFIED
