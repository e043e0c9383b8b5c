"""Signed folders among model files: what the signature says becomes a verdict of its own rule."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.model_files import shaping
from mlsec.model_files.signatures import Signatures
from mlsec.signing.api import sign
from mlsec.signing.signer.signing_key import load_signer
from mlsec.signing.verdicts.verdict import Answer, Verdict, not_checked
from mlsec.snapshot.store import Snapshot

POLICY = """\
version: 1
anchors:
  release: {type: key, pem: release.pub}
models:
  - match: {path: "models/**"}
    require:
      signers: [{anchor: release}]
"""


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return pipeline.load(pipeline.Judging(select=("artifact/*", "model-folder/*")))


class Place:
    """A signed model, the policy that trusts its signer, and what a scan says of it."""

    def __init__(self, root: Path, ruleset: RuleSet) -> None:
        self.root, self.ruleset = root, ruleset
        self.model = root / "models" / "chat"
        self.model.mkdir(parents=True)
        (self.model / "weights.pkl").write_bytes(pickle.dumps({"w": [1.0]}))
        self.trust = root / "trust.yaml"
        self.trust.write_text(POLICY)
        self._sign(ec.generate_private_key(ec.SECP256R1()), is_trusted=True)

    def sign_as_stranger(self) -> None:
        (self.model / "model.sig").unlink()
        self._sign(ec.generate_private_key(ec.SECP256R1()), is_trusted=False)

    def _sign(self, key: ec.EllipticCurvePrivateKey, *, is_trusted: bool) -> None:
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        if is_trusted:
            (self.root / "release.pub").write_bytes(
                key.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
        signature = self.model / "model.sig"
        signature.write_bytes(sign(self.model, load_signer(private, None, ()), signature))

    def failing(self, trust: Path | None) -> set[str]:
        """Scan and give the rules that fail, those about paperwork aside."""
        snapshot = self.root / "s.mlsnap"
        settings = CollectSettings(vocabulary=self.ruleset.vocabulary, trust=trust)
        pipeline.collect(
            (str(self.root / "models"),), snapshot, settings, resume=False, say=lambda *_: None
        )
        with Snapshot.open(snapshot) as opened:
            found = pipeline.judge(opened, self.ruleset, pipeline.Judging(), lambda *_: None)
        return {f.rule for f in found.findings if f.status is Status.FAIL} - PAPERWORK


PAPERWORK = {
    "artifact/runs-code-when-loaded",
    "model-folder/without-bill-of-materials",
    "model-folder/without-model-card",
    "model-folder/without-licence",
    "model-folder/without-provenance",
}


@pytest.fixture
def place(tmp_path: Path, ruleset: RuleSet) -> Place:
    return Place(tmp_path, ruleset)


def test_trusted_signature_over_these_files_fails_nothing(place: Place) -> None:
    assert place.failing(place.trust) == set()


def test_signature_without_a_policy_is_named_and_not_believed(place: Place) -> None:
    assert place.failing(None) == {"model-folder/signature-not-checked"}


def test_changed_file_is_told_as_such(place: Place) -> None:
    (place.model / "weights.pkl").write_bytes(pickle.dumps({"w": [2.0]}))
    assert place.failing(place.trust) == {"model-folder/content-differs-from-signed"}


def test_stranger_s_signature_is_told_as_such(place: Place) -> None:
    place.sign_as_stranger()
    assert "model-folder/signer-not-trusted" in place.failing(place.trust)


def test_file_beside_a_signed_model_is_told_as_such(place: Place) -> None:
    (place.model / "extra.pkl").write_bytes(pickle.dumps({"w": [2.0]}))
    assert place.failing(place.trust) == {"model-folder/extra-unsigned-file"}


def test_unsigned_model_is_told_as_such(place: Place) -> None:
    (place.model / "model.sig").unlink()
    assert place.failing(None) == {"model-folder/unsigned"}


def test_signature_cut_short_is_not_a_pass(place: Place) -> None:
    whole = (place.model / "model.sig").read_bytes()
    (place.model / "model.sig").write_bytes(whole[: len(whole) // 2])
    assert "model-folder/signature-invalid" in place.failing(place.trust)


def test_signature_that_could_not_be_checked_is_not_assessed_and_never_failed() -> None:
    untold = Verdict(
        target="m",
        signature_files=("model.sig",),
        answer=Answer.INCOMPLETE,
        profile="strict",
        checks=(not_checked("files/readable", "a file could not be read", actual="denied"),),
    )
    found = Signatures(folder="", files=("model.sig",), verdict=untold)
    assert shaping.result_of(found) == ""
    assert shaping.why_unknown_of(found) == "a file could not be read: denied"
