"""A model of one file, signed as it is by cosign or sigstore, under a trust policy."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mlsec.signing.api import Answer, Outcome, Verdict, verify
from mlsec.signing.trust.policy_loader import policy_of
from tests.signing.make_fulcio import IDENTITY, ISSUER, SIGNED_AT
from tests.signing.make_log import b64
from tests.signing.make_sigstore import (
    ARTIFACT,
    KINDS_OF_MESSAGES,
    V3,
    SigstoreMaker,
    public_pem,
    sign,
)

SIGSTORE = SigstoreMaker()
KEY = SIGSTORE.fulcio.certificate()
Json = dict[str, Any]
POLICY = f"""
version: 1
anchors:
  sigstore: {{type: sigstore, trusted_root: root.json}}
  key: {{type: key, pem: key.pub}}
models:
  - match: {{path: model.gguf}}
    require:
      signers:
        - {{anchor: sigstore, issuer: "{ISSUER}", identity: "{IDENTITY}"}}
        - {{anchor: key}}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "root.json").write_text(json.dumps(SIGSTORE.trusted_root()))
    (tmp_path / "key.pub").write_bytes(public_pem(KEY))
    (tmp_path / "model.gguf").write_bytes(ARTIFACT)
    return tmp_path / "model.gguf"


def judged(model: Path, bundle: Json, policy: str = POLICY) -> Verdict:
    (model.parent / "model.gguf.sigstore.json").write_text(json.dumps(bundle))
    trust = policy_of(policy, model.parent / "trust.yaml")
    return verify(model, trust, now=SIGNED_AT + timedelta(days=1))


def bad(verdict: Verdict) -> set[str]:
    checks = [*verdict.checks, *(one for each in verdict.signatures for one in each.checks)]
    return {each.id for each in checks if each.is_fatal and each.outcome is not Outcome.OK}


def by_key(artifact: bytes = ARTIFACT) -> Json:
    return {
        "mediaType": V3,
        "verificationMaterial": {"publicKey": {"hint": "release"}},
        "messageSignature": {"signature": b64(sign(KEY, artifact))},
    }


@pytest.mark.parametrize("kind", KINDS_OF_MESSAGES)
def test_file_signed_through_sigstore_is_verified(model, kind):
    verdict = judged(model, SIGSTORE.message_bundle(kind=kind))
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())
    assert [each.path for each in verdict.files] == ["model.gguf"]


def test_file_signed_with_a_key_is_verified(model):
    verdict = judged(model, by_key())
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_changed_file_is_found(model):
    model.write_bytes(b"poison")
    for bundle, check in (
        (SIGSTORE.message_bundle(), "sigstore/signature"),
        (by_key(), "signature/valid"),
    ):
        verdict = judged(model, bundle)
        assert verdict.answer is Answer.FAILED
        assert check in bad(verdict)


def test_signer_that_the_policy_does_not_name_is_refused(model):
    verdict = judged(model, SIGSTORE.message_bundle(), POLICY.replace(IDENTITY, IDENTITY + "x"))
    assert verdict.answer is Answer.FAILED
    assert "signer/named" in bad(verdict)


def test_signature_over_a_blob_is_none_over_a_folder(tmp_path, model):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(ARTIFACT)
    (folder / "model.sig").write_text(json.dumps(SIGSTORE.message_bundle()))
    trust = policy_of(POLICY.replace("model.gguf", "folder"), tmp_path / "trust.yaml")
    verdict = verify(folder, trust, now=SIGNED_AT)
    assert verdict.answer is not Answer.VERIFIED
    assert "signature/readable" in bad(verdict)


def test_envelope_with_no_type_is_never_taken_for_a_signature_over_the_file(model):
    """Nothing that a document says may make its payload count as the file's own digest."""
    from mlsec.signing.bundles.dsse import pae  # noqa: PLC0415

    envelope = {
        "payload": b64(b"x"),
        "payloadType": "",
        "signatures": [{"sig": b64(sign(KEY, pae("", b"x")))}],
    }
    bundle = {"mediaType": V3, "verificationMaterial": {"publicKey": {"hint": ""}}}
    model.write_bytes(b"poison")
    both = [bundle | {"dsseEnvelope": envelope}, by_key()]
    path = model.parent / "two.sig"
    path.write_text("\n".join(map(json.dumps, both)))
    policy = POLICY.replace("    require:", "    require:\n      threshold: 1")
    trust = policy_of(policy, model.parent / "trust.yaml")
    verdict = verify(model, trust, signatures=[path], now=SIGNED_AT)
    assert verdict.answer is Answer.FAILED


@pytest.mark.parametrize("step", [1, -1], ids=["first", "last"])
def test_of_several_trusted_roots_the_one_that_holds_counts(model: Path, step: int) -> None:
    roots = [SIGSTORE.trusted_root(), SigstoreMaker().trusted_root()][::step]
    (model.parent / "root.json").write_text("\n".join(json.dumps(one) for one in roots))
    assert judged(model, SIGSTORE.message_bundle()).answer is Answer.VERIFIED
