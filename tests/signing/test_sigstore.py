"""Sigstore bundles offline: every good kind holds, every bent part is named by its check."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mlsec.signing.bundles.bundle_reader import bundle_of
from mlsec.signing.keys.public_keys import load_public_key
from mlsec.signing.sigstore.trusted_root import read_trusted_roots
from mlsec.signing.sigstore.verify import verify_sigstore
from mlsec.signing.verdicts.verdict import Outcome, SignatureVerdict
from tests.signing.make_fulcio import IDENTITY, ISSUER, SIGNED_AT
from tests.signing.make_sigstore import (
    ARTIFACT,
    KINDS_OF_ENVELOPES,
    KINDS_OF_MESSAGES,
    V1,
    V2,
    SigstoreMaker,
    public_pem,
)
from tests.signing.sigstore_oracle import oracle_accepts

MAKER = SigstoreMaker()
ROOT = MAKER.trusted_root()
Json = dict[str, Any]
# sigstore-python takes no intoto entries, and dsse of the second generation is no longer made.
ORACLE_KINDS = {("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1")}


def digests(artifact: bytes = ARTIFACT) -> dict[str, bytes]:
    return {name: hashlib.new(name, artifact).digest() for name in ("sha256", "sha384", "sha512")}


def verify(bundle: Json, root: Json = ROOT, artifact: bytes = ARTIFACT) -> SignatureVerdict:
    (read,) = read_trusted_roots(json.dumps(root).encode())
    return verify_sigstore(bundle_of(bundle), read, digests=digests(artifact))


def failures(verdict: SignatureVerdict) -> set[str]:
    return {each.id for each in verdict.checks if each.outcome is not Outcome.OK and each.is_fatal}


def entry_of(bundle: Json) -> Json:
    return bundle["verificationMaterial"]["tlogEntries"][0]


@pytest.mark.parametrize("kind", KINDS_OF_MESSAGES)
def test_signature_over_a_file_holds(kind):
    bundle = MAKER.message_bundle(kind=kind)
    verdict = verify(bundle)
    assert failures(verdict) == set()
    assert verdict.signer is not None
    assert (verdict.signer.issuer, verdict.signer.identities[0].value) == (ISSUER, IDENTITY)
    assert [each.at for each in verdict.times] == [SIGNED_AT]
    assert oracle_accepts(bundle, ROOT, digests()["sha256"])


@pytest.mark.parametrize("kind", KINDS_OF_ENVELOPES)
def test_signature_over_a_statement_holds(kind):
    bundle = MAKER.envelope_bundle(kind=kind)
    verdict = verify(bundle)
    assert failures(verdict) == set()
    assert verdict.signer is not None
    assert oracle_accepts(bundle, ROOT) is (kind in ORACLE_KINDS)


@pytest.mark.parametrize("media_type", [V1, V2])
def test_older_bundle_versions_hold(media_type):
    bundle = MAKER.message_bundle() | {"mediaType": media_type}
    material = bundle["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    assert failures(verify(bundle)) == set()
    assert oracle_accepts(bundle, ROOT, digests()["sha256"])


def test_first_version_lives_by_the_logs_promise_alone():
    bundle = MAKER.message_bundle() | {"mediaType": V1}
    del entry_of(bundle)["inclusionProof"]["checkpoint"]
    assert failures(verify(bundle)) == set()


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_larger_curves_sign_with_their_own_hash(curve):
    holder = MAKER.fulcio.certificate(curve=curve)
    assert failures(verify(MAKER.message_bundle(holder, kind=("hashedrekord", "0.0.2")))) == set()


def test_managed_key_is_the_one_the_policy_names():
    holder = MAKER.fulcio.certificate()
    bundle = MAKER.message_bundle(holder, is_managed=True)
    del bundle["verificationMaterial"]["certificate"]
    bundle["verificationMaterial"]["publicKey"] = {"hint": "release"}
    (root,) = read_trusted_roots(json.dumps(ROOT).encode())

    def judged(key: bytes | None) -> set[str]:
        loaded = load_public_key(key) if key else None
        return failures(verify_sigstore(bundle_of(bundle), root, digests=digests(), key=loaded))

    assert judged(public_pem(holder)) == set()
    assert judged(public_pem(MAKER.fulcio.certificate())) == {"sigstore/signature"}
    assert judged(None) == {"sigstore/signer"}


def test_instance_without_logs_lives_by_timestamps_alone():
    root = MAKER.trusted_root(tlogs=[], ctlogs=[])
    bundle = MAKER.message_bundle(MAKER.fulcio.certificate(sct="none"), kind=KINDS_OF_MESSAGES[1])
    bundle["verificationMaterial"]["tlogEntries"] = []
    assert failures(verify(bundle, root)) == set()
    del bundle["verificationMaterial"]["timestampVerificationData"]
    assert failures(verify(bundle, root)) == {"sigstore/time"}
