"""Image layouts under a trust policy: every artifact signed by whom it should be, blobs intact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.signing.api import Answer, Outcome, Verdict, verify
from mlsec.signing.encodings.json_fields import JsonFields
from mlsec.signing.errors import MalformedError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.models.local_model import LocalFiles
from mlsec.signing.oci.descriptor import read_descriptor
from mlsec.signing.oci.layout import read_blob
from mlsec.signing.provenance.slsa import SLSA_V1
from mlsec.signing.trust.policy_loader import policy_of
from tests.moving import after_listing
from tests.signing.make_cose import cose_envelope
from tests.signing.make_fulcio import IDENTITY, ISSUER, SIGNED_AT
from tests.signing.make_notary import SUBJECT, NotaryMaker
from tests.signing.make_oci import (
    INDEX,
    LayoutMaker,
    cosign_annotations,
    key_annotations,
    simple_signing,
)
from tests.signing.make_sigstore import SigstoreMaker, pem_of, public_pem, sign
from tests.signing.mutation import mutate_json

SIGSTORE = SigstoreMaker()
NOTARY = NotaryMaker()
KEY = SIGSTORE.fulcio.certificate()
NOW = SIGNED_AT + timedelta(days=10)
Json = dict[str, Any]
POLICY = f"""
version: 1
anchors:
  corp: {{type: x509, roots: [corp.pem]}}
  key: {{type: key, pem: key.pub}}
  sigstore: {{type: sigstore, trusted_root: root.json}}
models:
  - match: {{path: model}}
    require:
      signers:
        - {{anchor: corp, identity: {{subject: "{SUBJECT}"}}}}
        - {{anchor: key}}
        - {{anchor: sigstore, issuer: "{ISSUER}", identity: "{IDENTITY}"}}
"""


@pytest.fixture
def layout(tmp_path: Path) -> LayoutMaker:
    (tmp_path / "corp.pem").write_bytes(NOTARY.roots[0].public_bytes(Encoding.PEM))
    (tmp_path / "key.pub").write_bytes(public_pem(KEY))
    (tmp_path / "root.json").write_text(json.dumps(SIGSTORE.trusted_root()))
    return LayoutMaker(tmp_path / "model")


def judged(layout: LayoutMaker, policy: str = POLICY) -> Verdict:
    trust = policy_of(policy, layout.folder.parent / "trust.yaml")
    return verify(layout.folder, trust, now=NOW)


def bad(verdict: Verdict) -> set[str]:
    return {each.id for each in verdict.checks if each.is_fatal and each.outcome is not Outcome.OK}


def by_notary(layout: LayoutMaker, subject: Json) -> None:
    target = {name: subject[name] for name in ("mediaType", "digest", "size")}
    layout.add_notary(NOTARY.envelope(target), subject)


def by_key(layout: LayoutMaker, subject: Json) -> None:
    payload = simple_signing(subject["digest"])
    layout.add_cosign(payload, key_annotations(sign(KEY, payload)), subject)


def keyless(layout: LayoutMaker, subject: Json) -> None:
    payload = simple_signing(subject["digest"])
    holder = SIGSTORE.fulcio.certificate()
    bundle = SIGSTORE.message_bundle(holder, artifact=payload)
    notes = cosign_annotations(bundle, pem_of(holder).decode())
    chain = [SIGSTORE.fulcio.intermediate, SIGSTORE.fulcio.root]
    notes["dev.sigstore.cosign/chain"] = b"".join(map(pem_of, chain)).decode()
    layout.add_cosign(payload, notes, subject)


def by_bundle(layout: LayoutMaker, subject: Json) -> None:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "", "digest": {"sha256": subject["digest"][7:]}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }
    bundle = SIGSTORE.envelope_bundle(payload=json.dumps(statement).encode())
    layout.add_bundle(bundle, subject)


SIGNERS: list[Callable[[LayoutMaker, Json], None]] = [by_notary, by_key, keyless, by_bundle]


@pytest.mark.parametrize("signer", SIGNERS)
def test_file_that_came_while_the_blobs_were_read_is_found(layout, signer):
    signer(layout, layout.model())
    with after_listing(lambda: (layout.folder / "late.py").write_bytes(b"import os")):
        verdict = judged(layout)
    assert (verdict.answer, bad(verdict)) == (Answer.FAILED, {"files/kept-still"})


@pytest.mark.parametrize("signer", SIGNERS)
def test_signed_artifact_is_verified_with_its_blobs(layout, signer):
    subject = layout.model()
    signer(layout, subject)
    verdict = judged(layout)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())
    assert verdict.root_digest == subject["digest"]
    assert len(verdict.files) == 3
    assert verdict.signatures[0].signer is not None


def test_artifact_that_nobody_signed_fails(layout):
    layout.model()
    assert bad(judged(layout)) >= {"signature/present"}


@pytest.mark.parametrize("signer", SIGNERS)
def test_second_artifact_without_a_signature_fails(layout, signer):
    signer(layout, layout.model())
    layout.model(b"other weights", ref_name="v2")
    assert bad(judged(layout)) >= {"signature/present"}


@pytest.mark.parametrize("signer", SIGNERS)
def test_signature_over_another_artifact_does_not_count(layout, signer, tmp_path):
    other = LayoutMaker(tmp_path / "other")
    foreign = other.model(b"signed once, long ago")
    signer(layout, foreign)
    layout.model()
    assert bad(judged(layout)) >= {"signature/present"}


def test_signature_filed_under_another_artifact_than_it_is_over_is_told(layout):
    subject = layout.model()
    target = {"mediaType": subject["mediaType"], "digest": "sha256:" + "a" * 64, "size": 1}
    layout.add_notary(NOTARY.envelope(target), subject)
    assert "signature/about-this" in bad(judged(layout))


@pytest.mark.parametrize("signer", SIGNERS)
def test_changed_layer_is_found(layout, signer):
    signer(layout, layout.model())
    weights = max((layout.folder / "blobs" / "sha256").iterdir(), key=_is_weights)
    data = bytearray(weights.read_bytes())
    data[0] ^= 1
    weights.write_bytes(data)
    assert bad(judged(layout)) == {"files/unchanged"}


def _is_weights(path: Path) -> bool:
    return path.read_bytes().startswith(b"layer")


def test_missing_layer_is_found(layout):
    by_key(layout, layout.model())
    max((layout.folder / "blobs" / "sha256").iterdir(), key=_is_weights).unlink()
    assert bad(judged(layout)) == {"files/present"}


def test_linked_layer_is_not_followed(layout, tmp_path):
    by_key(layout, layout.model())
    weights = max((layout.folder / "blobs" / "sha256").iterdir(), key=_is_weights)
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    assert judged(layout).answer is Answer.FAILED


def test_changed_manifest_is_found(layout):
    subject = layout.model()
    by_key(layout, subject)
    path = layout.folder / "blobs" / subject["digest"].replace(":", "/")
    path.write_bytes(path.read_bytes() + b" ")
    assert judged(layout).answer is Answer.FAILED


def test_file_beside_the_signed_blobs_is_told(layout):
    by_key(layout, layout.model())
    layout.blob(b"nobody refers to this", "text/plain")
    assert bad(judged(layout)) == {"files/all-signed"}


def test_artifact_cannot_pass_for_a_signature_when_it_has_a_name(layout):
    subject = layout.model()
    by_key(layout, subject)
    layer = layout.blob(b"hostile weights", "application/jose+json")
    layout.manifest(
        layer,
        artifact_type="application/vnd.cncf.notary.signature",
        subject=subject,
        ref_name="v2",
    )
    assert bad(judged(layout)) >= {"signature/present"}


def test_signature_over_an_index_covers_what_it_lists(layout):
    inner = layout.manifest(
        layout.blob(b"layer", "application/vnd.oci.image.layer.v1.tar"), is_listed=False
    )
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner]}
    subject = layout.blob(json.dumps(index).encode(), INDEX)
    layout.list(subject, "v1")
    by_key(layout, subject)
    verdict = judged(layout)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())
    assert len(verdict.files) == 4


def test_manifest_that_is_also_an_index_is_refused(layout):
    inner = layout.model()
    both = {"schemaVersion": 2, "layers": [], "manifests": [inner]}
    layout.list(layout.blob(json.dumps(both).encode(), INDEX.replace("index", "manifest")), "v2")
    assert bad(judged(layout)) == {"layout/readable"}


def test_keyless_signature_of_a_look_alike_does_not_count(layout):
    keyless(layout, layout.model())
    policy = POLICY.replace(f'identity: "{IDENTITY}"', f'identity: "{IDENTITY}x"')
    verdict = judged(layout, policy)
    assert verdict.answer is Answer.FAILED
    (by_sigstore,) = (one for one in verdict.signatures if one.anchor == "sigstore")
    refused = {one.id for one in by_sigstore.checks if one.outcome is not Outcome.OK}
    assert refused == {"signer/named"}


def test_pinned_digest_has_to_be_the_artifacts(layout):
    subject = layout.model()
    by_key(layout, subject)
    pinned = POLICY.replace("    require:", f"    root_digest: {subject['digest']}\n    require:")
    assert judged(layout, pinned).answer is Answer.VERIFIED
    other = POLICY.replace("    require:", f"    root_digest: sha256:{'a' * 64}\n    require:")
    assert bad(judged(layout, other)) >= {"policy/root-digest"}


@pytest.mark.parametrize("wanted", [2, 3])
def test_threshold_counts_different_signers(layout, wanted):
    subject = layout.model()
    by_key(layout, subject)
    by_notary(layout, subject)
    policy = POLICY.replace("    require:", f"    require:\n      threshold: {wanted}")
    is_enough = wanted == 2
    assert (judged(layout, policy).answer is Answer.VERIFIED) is is_enough


def test_every_signature_must_hold_where_no_threshold_is_given(layout):
    subject = layout.model()
    by_key(layout, subject)
    payload = simple_signing(subject["digest"])
    stranger = SIGSTORE.fulcio.certificate()
    layout.add_cosign(payload, key_annotations(sign(stranger, payload)), subject)
    assert bad(judged(layout)) >= {"signature/every-one-holds"}


def in_cose(layout: LayoutMaker, subject: Json) -> None:
    target = {name: subject[name] for name in ("mediaType", "digest", "size")}
    layer = layout.blob(cose_envelope(NOTARY, target), "application/cose")
    kind = "application/vnd.cncf.notary.signature"
    layout.manifest(layer, artifact_type=kind, subject=subject)


def test_notary_signature_in_cose_counts_as_well(layout):
    in_cose(layout, layout.model())
    verdict = judged(layout)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_signature_that_asks_for_a_plugin_is_told_as_not_checked(layout):
    subject = layout.model()
    by_key(layout, subject)
    target = {name: subject[name] for name in ("mediaType", "digest", "size")}
    plugin = "io.cncf.notary.verificationPlugin"
    headers = {"crit": ["io.cncf.notary.signingScheme", plugin], plugin: "com.example"}
    layout.add_notary(NOTARY.envelope(target, headers=headers), subject)
    verdict = judged(layout)
    assert bad(verdict) == {"signature/readable"}
    assert verdict.answer is Answer.INCOMPLETE


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_index_never_verifies_what_was_not_signed(layout, data):
    if not layout.listed:
        by_key(layout, layout.model())
    index = layout.folder / "index.json"
    good = {"schemaVersion": 2, "manifests": layout.listed}
    index.write_text(json.dumps(mutate_json(good, data)))
    verdict = judged(layout)
    if verdict.answer is Answer.VERIFIED:
        assert verdict.root_digest == layout.listed[0]["digest"]


@given(st.binary(max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_for_an_index_are_a_failed_verdict(layout, data):
    (layout.folder / "index.json").write_bytes(data)
    assert judged(layout).answer is Answer.FAILED


def attested(layout: LayoutMaker, subject: Json, digest: str = "") -> None:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "chat", "digest": {"sha256": digest or subject["digest"][7:]}}],
        "predicateType": SLSA_V1,
        "predicate": {
            "buildDefinition": {
                "externalParameters": {"source": "git+https://github.com/acme/train"}
            },
            "runDetails": {"builder": {"id": "https://example/builder"}},
        },
    }
    bundle = SIGSTORE.envelope_bundle(payload=json.dumps(statement).encode())
    layout.add_bundle(bundle, {**subject, "digest": f"sha256:{digest}"} if digest else subject)


ASKED = (
    POLICY + f"    provenance: {{predicate: {SLSA_V1}, source: 'https://github.com/acme/train'}}\n"
)


def test_provenance_is_asked_of_every_artifact(layout):
    subject = layout.model()
    by_key(layout, subject)
    assert bad(judged(layout, ASKED)) >= {"provenance/present"}
    attested(layout, subject, "a" * 64)
    assert bad(judged(layout, ASKED)) >= {"provenance/present"}
    attested(layout, subject)
    verdict = judged(layout, ASKED)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_attestation_is_no_signature(layout):
    attested(layout, layout.model())
    assert bad(judged(layout, ASKED)) >= {"signature/present"}


def test_blob_that_the_index_offers_without_a_manifest_is_hashed_too(layout):
    subject = layout.blob(b"weights as they are", "application/octet-stream")
    layout.list(subject, "v1")
    by_key(layout, subject)
    assert judged(layout).answer is Answer.VERIFIED
    path = layout.folder / "blobs" / subject["digest"].replace(":", "/")
    path.write_bytes(b"poisoned weights!!!")
    assert bad(judged(layout)) == {"files/unchanged"}


AUTHORITY = {
    "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.authenticSigningTime"],
    "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
    "io.cncf.notary.authenticSigningTime": "2026-03-01T00:00:00Z",
}


def test_signing_authority_counts_only_where_the_policy_calls_it_one(layout):
    subject = layout.model()
    target = {name: subject[name] for name in ("mediaType", "digest", "size")}
    layout.add_notary(NOTARY.envelope(target, headers=AUTHORITY), subject)
    assert judged(layout).answer is Answer.FAILED
    called = POLICY.replace("roots: [corp.pem]", "roots: [corp.pem], signing_authority: true")
    verdict = judged(layout, called)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_signing_authority_vouches_for_no_plain_signature(layout):
    by_notary(layout, layout.model())
    called = POLICY.replace("roots: [corp.pem]", "roots: [corp.pem], signing_authority: true")
    assert judged(layout, called).answer is Answer.FAILED


@pytest.mark.parametrize("held", [b"signed", b"forged", b"signe", b"signed!"])
def test_content_of_a_blob_is_held_to_its_digest_and_size(held: bytes, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"signed").hexdigest()
    path = tmp_path / "blobs" / "sha256" / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(held)
    document = {"mediaType": "x/y", "digest": f"sha256:{digest}", "size": 6}
    descriptor = read_descriptor(JsonFields(document, "descriptor"))
    with ModelFolder(tmp_path) as folder:
        opened = LocalFiles(folder)
        if held == b"signed":
            assert read_blob(opened, descriptor, 99) == held
            return
        with pytest.raises(MalformedError):
            read_blob(opened, descriptor, 99)
