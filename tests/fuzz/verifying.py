"""Targets that verify what was damaged: only what was signed, by whom it was, may ever hold."""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import yaml

from mlsec.core.errors import MlsecError
from mlsec.signing.api import Answer, verify
from mlsec.signing.bundles.bundle_reader import parse_bundles
from mlsec.signing.certificates.certificate import Authority
from mlsec.signing.errors import SigningError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.models.local_model import LocalFiles
from mlsec.signing.oci.layout import read_layout
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import NotaryEnvelope, read_notary_envelope
from mlsec.signing.signer.sign import SigningOptions
from mlsec.signing.sigstore.trusted_root import TrustedRoot, read_trusted_roots
from mlsec.signing.sigstore.verify import verify_sigstore
from mlsec.signing.timestamps.token import read_timestamp
from mlsec.signing.timestamps.verify import verify_timestamp
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.trust.policy import TrustPolicy
from mlsec.signing.trust.policy_loader import policy_of
from mlsec.signing.verdicts.verdict import IdentityType
from tests.fuzz import signed
from tests.fuzz.documents import mutate_document
from tests.fuzz.target import Target
from tests.fuzz.trees import mutate_der
from tests.signing.make_fulcio import IDENTITY, ISSUER
from tests.signing.make_notary import SUBJECT
from tests.signing.make_oci import LayoutMaker
from tests.signing.make_sigstore import ARTIFACT, STATEMENT
from tests.signing.workshop import (
    ALICE,
    CORP,
    NOW,
    Workshop,
    certificate_signer,
)
from tests.signing.workshop import TSA as SHOP_TSA


@cache
def _scratch() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="mlsec-fuzz-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _root() -> TrustedRoot:
    (root,) = read_trusted_roots(json.dumps(signed.SIGSTORE.trusted_root()).encode())
    return root


def _sigstore(data: bytes) -> None:
    digests = {name: hashlib.new(name, ARTIFACT).digest() for name in ("sha256", "sha384")}
    with suppress(SigningError):
        for bundle in parse_bundles(data):
            verdict = verify_sigstore(bundle, _root(), digests=digests)
            if verdict.is_good:
                assert verdict.signer is not None
                named = (verdict.signer.issuer, verdict.signer.identities[0].value)
                assert named == (ISSUER, IDENTITY)
                assert bundle.envelope is None or bundle.envelope.payload == STATEMENT


@cache
def _shop() -> tuple[Workshop, TrustPolicy, tuple[bytes, ...]]:
    """A model, and a good signature of each kind over it."""
    (_scratch() / "shop").mkdir()
    shop = Workshop(_scratch() / "shop")
    shop.anchors["corp"]["tsa"] = ["tsa.pem"]
    made = []
    for make in (
        shop.sign,
        lambda: shop.sign(how=SigningOptions(shard_bytes=64)),
        lambda: shop.sign(
            certificate_signer(ALICE, CORP), timestamp=lambda data: SHOP_TSA.stamp(data, NOW)
        ),
    ):
        make()
        made.append(shop.signature.read_bytes())
    policy = policy_of(yaml.safe_dump(shop.policy()), shop.folder / "trust.yaml")
    return shop, policy, tuple(made)


def _model(data: bytes) -> None:
    shop, policy, good = _shop()
    shop.signature.write_bytes(data)
    try:
        verdict = verify(shop.model, policy, signatures=(shop.signature,), now=NOW)
    except MlsecError:
        return
    if verdict.answer is Answer.VERIFIED:
        held = {one.envelope.payload for one in parse_bundles(data) if one.envelope is not None}
        payloads = {json.loads(one)["dsseEnvelope"]["payload"] for one in good}
        assert held & {base64.b64decode(one) for one in payloads}


def _notary(read: Callable[[bytes], NotaryEnvelope], data: bytes) -> None:
    rule = IdentityRule(value=SUBJECT, type=IdentityType.SUBJECT)
    with suppress(SigningError):
        found = read(data)
        trust = NotaryTrust(roots=signed.NOTARY.roots, identity=rule, now=signed.AT)
        if verify_notary(found, trust).is_good:
            assert found.target.digest == signed.TARGET["digest"]
            assert found.target.size == signed.TARGET["size"]


def _stamp(data: bytes) -> None:
    with suppress(SigningError):
        at = verify_timestamp(
            read_timestamp(data), signed.DATA, [Authority(chain=signed.TSA.chain)]
        )
        assert at == signed.AT


@cache
def _layout() -> Path:
    folder = _scratch() / "layout"
    maker = LayoutMaker(folder)
    artifact = maker.model()
    maker.add_notary(signed.NOTARY.envelope(artifact), artifact)
    maker.add_bundle(signed.sigstore_bundles()[0], artifact)
    _index()  # before anything else stands in its place
    return folder


def _read_layout(name: str, data: bytes) -> None:
    """Read a layout of which one document is ``data``, and its digest made to fit."""
    folder, text, blob = _layout(), data, None
    if name != "index.json":
        digest = hashlib.sha256(data).hexdigest()
        blob = folder / "blobs" / "sha256" / digest
        kind = f"application/vnd.oci.image.{name}.v1+json"
        entry = {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}
        text = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    is_ours = blob is not None and not blob.exists()  # else one of the good ones
    if blob is not None and is_ours:
        blob.write_bytes(data)
    (folder / "index.json").write_bytes(text)
    try:
        with suppress(SigningError), ModelFolder(folder) as opened:
            read_layout(LocalFiles(opened))
    finally:
        if blob is not None and is_ours:
            blob.unlink()


@cache
def _index() -> bytes:
    return (_scratch() / "layout" / "index.json").read_bytes()


def _layout_index() -> Sequence[bytes]:
    _layout()
    return (_index(),)


def _manifests() -> Sequence[bytes]:
    _layout()
    entries = json.loads(_index())["manifests"]
    paths = [_layout() / "blobs" / one["digest"].replace(":", "/") for one in entries]
    return [path.read_bytes() for path in paths]


VERIFYING_TARGETS = (
    Target(name="verify-sigstore", read=_sigstore, seeds=signed.bundles, mutate=mutate_document),
    Target(name="verify-model", read=_model, seeds=lambda: _shop()[2], mutate=mutate_document),
    Target(
        name="verify-notary-jws",
        read=partial(_notary, read_notary_envelope),
        seeds=signed.jws,
        mutate=mutate_document,
    ),
    Target(name="verify-notary-cose", read=partial(_notary, read_notary_cose), seeds=signed.cose),
    Target(name="verify-timestamp", read=_stamp, seeds=signed.stamps, mutate=mutate_der),
    Target(
        name="oci-index",
        read=partial(_read_layout, "index.json"),
        seeds=_layout_index,
        mutate=mutate_document,
    ),
    Target(
        name="oci-manifest",
        read=partial(_read_layout, "manifest"),
        seeds=_manifests,
        mutate=mutate_document,
    ),
    Target(
        name="oci-nested-index",
        read=partial(_read_layout, "index"),
        seeds=_layout_index,
        mutate=mutate_document,
    ),
)
