"""Forged Sigstore bundles: each is refused by the check that is there for it, by the oracle too."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.signing.make_fulcio import IDENTITY, ISSUER, SIGNED_AT
from tests.signing.make_log import LogMaker, b64, leaf, tree_root
from tests.signing.make_sigstore import (
    ARTIFACT,
    KINDS_OF_ENVELOPES,
    KINDS_OF_MESSAGES,
    STATEMENT,
    SigstoreMaker,
    record,
    sign,
)
from tests.signing.sigstore_oracle import oracle_accepts
from tests.signing.test_sigstore import MAKER, ROOT, digests, entry_of, failures, verify

OTHER = SigstoreMaker()
Json = dict[str, Any]
Forger = Callable[[], Json]
FIRST, SECOND = KINDS_OF_MESSAGES
FORGED: dict[str, tuple[Forger, set[str]]] = {}


def forged(*checks: str) -> Callable[[Forger], Forger]:
    """Enter a case with the checks that must fail, and no others."""

    def enter(forger: Forger) -> Forger:
        FORGED[forger.__name__] = (forger, set(checks))
        return forger

    return enter


def flipped(text: str) -> str:
    """Base64 with its first bits changed."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return b64(bytes(data))


def restamped(bundle: Json, stamps: list[bytes]) -> Json:
    listed = [{"signedTimestamp": b64(each)} for each in stamps]
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": listed}
    return bundle


def signature_of(bundle: Json) -> bytes:
    return base64.b64decode(bundle["messageSignature"]["signature"])


@forged("sigstore/signature")
def changed_signature() -> Json:
    bundle = MAKER.message_bundle()
    message = bundle["messageSignature"]
    message["signature"] = b64(sign(MAKER.fulcio.certificate(), ARTIFACT))
    return bundle


@forged("sigstore/signature")
def changed_payload() -> Json:
    bundle = MAKER.envelope_bundle()
    bundle["dsseEnvelope"]["payload"] = b64(b'{"_type": "https://in-toto.io/Statement/v1"}')
    return bundle


@forged("sigstore/signature")
def changed_payload_type() -> Json:
    bundle = MAKER.envelope_bundle()
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"
    return bundle


@forged("sigstore/signature")
def second_signature_in_the_envelope() -> Json:
    bundle = MAKER.envelope_bundle(kind=("dsse", "0.0.1"))
    signatures = bundle["dsseEnvelope"]["signatures"]
    signatures.insert(0, {"sig": b64(b"nobody's")})
    return bundle


@forged("sigstore/signature")
def another_file() -> Json:
    return MAKER.message_bundle(artifact=b"another model")


@forged("sigstore/log-entry")
def no_log_entry() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    bundle["verificationMaterial"]["tlogEntries"] = []
    return bundle


@forged("sigstore/log-entry")
def entry_of_another_artifact() -> Json:
    """The attack of CVE-2022-36056: a real entry, its proof whole, about something else."""
    holder = MAKER.fulcio.certificate()
    bundle = MAKER.message_bundle(holder)
    other = MAKER.message_bundle(holder, artifact=b"something harmless")
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    return bundle


@forged("sigstore/log-entry")
def entry_of_another_signer() -> Json:
    bundle, other = MAKER.message_bundle(), MAKER.message_bundle()
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    return bundle


def _entry_of_another_signature(kind: tuple[str, str]) -> Json:
    """Same signer, same content, signed twice: the entry is of the other signature."""
    holder = MAKER.fulcio.certificate()
    make = MAKER.message_bundle if kind in KINDS_OF_MESSAGES else MAKER.envelope_bundle
    if kind == ("hashedrekord", "0.0.2"):
        make = MAKER.envelope_bundle
    bundle, other = make(holder, kind=kind), make(holder, kind=kind)
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    return bundle


for _kind in (FIRST, *KINDS_OF_ENVELOPES):

    def _forger(kind: tuple[str, str] = _kind) -> Json:
        return _entry_of_another_signature(kind)

    FORGED[f"entry_of_another_signature_{'_'.join(_kind)}"] = (_forger, {"sigstore/log-entry"})


def _recorded(kind: tuple[str, str], what: str) -> Json:
    """A whole log entry with this very signature, but said to be of another signer or content."""
    holder = MAKER.fulcio.certificate()
    is_message = kind in KINDS_OF_MESSAGES
    honest = (MAKER.message_bundle if is_message else MAKER.envelope_bundle)(holder, kind=kind)
    content = {name: held for name, held in honest.items() if name.endswith(("Envelope", "ature"))}
    envelope = content.get("dsseEnvelope")
    encoded = envelope["signatures"][0]["sig"] if envelope else None
    signature = base64.b64decode(encoded) if encoded else signature_of(honest)
    given = {"artifact": ARTIFACT} if is_message else {"payload": STATEMENT}
    if what == "content":
        given = dict.fromkeys(given, b"something harmless")
    recorded = MAKER.fulcio.certificate() if what == "signer" else holder
    spec = record(kind, recorded, signature, **given)
    if what == "type":
        spec["content"]["envelope"]["payloadType"] = "text/plain"
    return MAKER.bundle(holder, content, kind, spec, signature, SIGNED_AT)


for _kind in dict.fromkeys((*KINDS_OF_MESSAGES, *KINDS_OF_ENVELOPES)):
    for _what in ("content", "signer", *(["type"] if _kind == ("intoto", "0.0.2") else [])):
        FORGED[f"entry_of_another_{_what}_{'_'.join(_kind)}"] = (
            partial(_recorded, _kind, _what),
            {"sigstore/log-entry"},
        )


@forged("sigstore/signature")
def digest_of_another_file() -> Json:
    bundle = MAKER.message_bundle()
    digest = bundle["messageSignature"]["messageDigest"]
    digest["digest"] = flipped(digest["digest"])
    return bundle


@forged("sigstore/log-entry")
def entry_said_to_be_of_another_kind() -> Json:
    bundle = MAKER.message_bundle()
    entry_of(bundle)["kindVersion"] = {"kind": "hashedrekord", "version": "0.0.2"}
    return bundle


@forged("sigstore/log-entry", "sigstore/log-inclusion", "sigstore/log-promise", "sigstore/time")
def body_changed_in_place() -> Json:
    bundle = MAKER.message_bundle()
    other = MAKER.message_bundle(artifact=b"something harmless")
    entry_of(bundle)["canonicalizedBody"] = entry_of(other)["canonicalizedBody"]
    return bundle


@forged("sigstore/log-inclusion")
def proof_removed() -> Json:
    bundle = MAKER.message_bundle()
    del entry_of(bundle)["inclusionProof"]
    return bundle


@forged("sigstore/log-inclusion")
def checkpoint_removed() -> Json:
    bundle = MAKER.message_bundle()
    del entry_of(bundle)["inclusionProof"]["checkpoint"]
    return bundle


@forged("sigstore/log-inclusion")
def hash_in_the_proof_changed() -> Json:
    bundle = MAKER.message_bundle()
    hashes = entry_of(bundle)["inclusionProof"]["hashes"]
    hashes[0] = flipped(hashes[0])
    return bundle


@forged("sigstore/log-inclusion")
def proof_lengthened() -> Json:
    bundle = MAKER.message_bundle()
    entry_of(bundle)["inclusionProof"]["hashes"].append(b64(bytes(32)))
    return bundle


@forged("sigstore/log-inclusion")
def proof_shortened() -> Json:
    bundle = MAKER.message_bundle()
    entry_of(bundle)["inclusionProof"]["hashes"].pop()
    return bundle


@forged("sigstore/log-inclusion")
def proof_at_another_position() -> Json:
    bundle = MAKER.message_bundle()
    entry_of(bundle)["inclusionProof"]["logIndex"] = "0"
    return bundle


@forged("sigstore/log-inclusion")
def tree_of_the_forgers_own() -> Json:
    """A proof that is right for a tree that the log never signed."""
    bundle = MAKER.message_bundle()
    proof = entry_of(bundle)["inclusionProof"]
    body = base64.b64decode(entry_of(bundle)["canonicalizedBody"])
    root = tree_root([leaf(body)])
    proof |= {"logIndex": "0", "treeSize": "1", "hashes": [], "rootHash": b64(root)}
    return bundle


@forged("sigstore/log-inclusion")
def checkpoint_of_an_older_tree() -> Json:
    old = entry_of(MAKER.message_bundle())["inclusionProof"]["checkpoint"]
    bundle = MAKER.message_bundle()
    entry_of(bundle)["inclusionProof"]["checkpoint"] = old
    return bundle


@forged("sigstore/log-inclusion")
def checkpoint_text_changed() -> Json:
    bundle = MAKER.message_bundle()
    checkpoint = entry_of(bundle)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("\n\n", "\nmore\n\n", 1)
    return bundle


@forged("sigstore/log-inclusion")
def checkpoint_with_a_wrong_key_hint() -> Json:
    bundle = MAKER.message_bundle()
    note = MAKER.logs[1].checkpoint(hint=b"\x00\x00\x00\x00")
    entry_of(bundle)["inclusionProof"]["checkpoint"]["envelope"] = note
    return bundle


@forged("sigstore/log-inclusion")
def checkpoint_of_another_log() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    stranger = LogMaker(MAKER.logs[2].host, 2)
    stranger.bodies = list(MAKER.logs[2].bodies)
    entry_of(bundle)["inclusionProof"]["checkpoint"]["envelope"] = stranger.checkpoint()
    return bundle


@forged("sigstore/log-known", "sigstore/time")
def unknown_log() -> Json:
    kept, MAKER.logs[1] = MAKER.logs[1], OTHER.logs[1]
    try:
        return MAKER.message_bundle()
    finally:
        MAKER.logs[1] = kept


@forged("sigstore/log-promise", "sigstore/time")
def promise_of_another_entry() -> Json:
    bundle = MAKER.message_bundle()
    other = entry_of(MAKER.message_bundle())
    entry_of(bundle)["inclusionPromise"] = other["inclusionPromise"]
    return bundle


@forged("sigstore/log-promise", "sigstore/time")
def promised_time_changed() -> Json:
    bundle = MAKER.message_bundle()
    seconds = int(SIGNED_AT.timestamp()) + 1
    entry_of(bundle)["integratedTime"] = str(seconds)
    return bundle


@forged("sigstore/time")
def no_promise_and_no_timestamp() -> Json:
    bundle = MAKER.message_bundle()
    del entry_of(bundle)["inclusionPromise"]
    return bundle


@forged("sigstore/certificate")
def promised_after_the_certificate_expired() -> Json:
    holder = MAKER.fulcio.certificate()
    return MAKER.message_bundle(holder, at=SIGNED_AT + timedelta(minutes=10))


@forged("sigstore/certificate")
def promised_before_the_certificate_was_valid() -> Json:
    holder = MAKER.fulcio.certificate()
    return MAKER.message_bundle(holder, at=SIGNED_AT - timedelta(minutes=10))


@forged("sigstore/timestamp", "sigstore/time")
def timestamp_removed() -> Json:
    return restamped(MAKER.message_bundle(kind=SECOND), [b"\x30\x00"])


@forged("sigstore/timestamp", "sigstore/time")
def timestamp_of_an_untrusted_authority() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    return restamped(bundle, [OTHER.tsa.stamp(signature_of(bundle), SIGNED_AT)])


@forged("sigstore/timestamp", "sigstore/time")
def timestamp_over_another_signature() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    return restamped(bundle, [MAKER.tsa.stamp(b"another signature", SIGNED_AT)])


@forged("sigstore/certificate")
def timestamp_after_the_certificate_expired() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    late = SIGNED_AT + timedelta(minutes=10)
    return restamped(bundle, [MAKER.tsa.stamp(signature_of(bundle), late)])


@forged("sigstore/certificate")
def one_timestamp_of_two_after_expiry() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    signature, late = signature_of(bundle), SIGNED_AT + timedelta(minutes=10)
    stamps = [MAKER.tsa.stamp(signature, SIGNED_AT), MAKER.tsa.stamp(signature, late)]
    return restamped(bundle, stamps)


@forged("sigstore/timestamp")
def same_timestamp_twice() -> Json:
    bundle = MAKER.message_bundle(kind=SECOND)
    return restamped(bundle, [MAKER.tsa.stamp(signature_of(bundle), SIGNED_AT)] * 2)


@forged("sigstore/certificate")
def certificate_of_another_authority() -> Json:
    return MAKER.message_bundle(OTHER.fulcio.certificate())


@forged("sigstore/certificate")
def certificate_for_servers() -> Json:
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH,)
    return MAKER.message_bundle(MAKER.fulcio.certificate(purposes=purposes))


@forged("sigstore/certificate-log")
def certificate_never_logged() -> Json:
    return MAKER.message_bundle(MAKER.fulcio.certificate(sct="none"))


@forged("sigstore/certificate-log")
def certificate_timestamp_over_other_data() -> Json:
    return MAKER.message_bundle(MAKER.fulcio.certificate(sct="forged"))


@forged("sigstore/certificate-log")
def certificate_log_unknown() -> Json:
    return MAKER.message_bundle(MAKER.fulcio.certificate(sct="stranger"))


@forged("sigstore/certificate-log")
def certificate_timestamp_for_another_issuer() -> Json:
    return MAKER.message_bundle(MAKER.fulcio.certificate(sct="namesake"))


@forged("sigstore/signer")
def root_certificate_in_the_bundle() -> Json:
    bundle = MAKER.message_bundle()
    material = bundle["verificationMaterial"]
    chain = [material.pop("certificate"), {"rawBytes": b64(MAKER.fulcio.root.der)}]
    material["x509CertificateChain"] = {"certificates": chain}
    return bundle


@pytest.mark.parametrize("name", FORGED)
def test_forged_bundle_is_refused_by_the_check_that_is_there_for_it(name):
    forger, expected = FORGED[name]
    assert failures(verify(forger())) == expected


@pytest.mark.parametrize("name", FORGED)
def test_reference_implementation_refuses_the_same_bundle(name):
    forger, _ = FORGED[name]
    assert not oracle_accepts(forger(), ROOT, digests()["sha256"])


LOOK_ALIKES = [
    IDENTITY.replace("acme", "acme-fake"),
    IDENTITY + "x",
    IDENTITY.upper(),
    IDENTITY.replace("github.com", "githubXcom"),
    "https://evil.example/?" + IDENTITY,
]


@pytest.mark.parametrize("identity", LOOK_ALIKES)
def test_look_alike_identity_is_told_as_it_is_written(identity):
    holder = MAKER.fulcio.certificate(name=x509.UniformResourceIdentifier(identity))
    bundle = MAKER.message_bundle(holder)
    signer = verify(bundle).signer
    assert signer is not None
    assert signer.identities[0].value == identity != IDENTITY
    assert not oracle_accepts(bundle, ROOT, digests()["sha256"])


def test_another_issuer_is_told_as_it_is_written():
    bundle = MAKER.message_bundle(MAKER.fulcio.certificate(issuer="https://evil.example"))
    signer = verify(bundle).signer
    assert signer is not None
    assert signer.issuer == "https://evil.example" != ISSUER
    assert not oracle_accepts(bundle, ROOT, digests()["sha256"])


def test_two_issuers_that_differ_are_refused():
    holder = MAKER.fulcio.certificate(old_issuer="https://evil.example")
    assert failures(verify(MAKER.message_bundle(holder))) == {"sigstore/certificate-names"}


def test_untrusted_timestamp_beside_a_promise_is_told_but_takes_nothing_away():
    bundle = MAKER.message_bundle()
    verdict = verify(restamped(bundle, [OTHER.tsa.stamp(signature_of(bundle), SIGNED_AT)]))
    assert failures(verdict) == set()
    assert any(each.id == "sigstore/timestamp" for each in verdict.checks)


ROOT_WINDOWS = [
    ("tlogs", "sigstore/log-window", SECOND),
    ("tlogs", "sigstore/log-promise", FIRST),
    ("certificateAuthorities", "sigstore/certificate", FIRST),
    ("ctlogs", "sigstore/certificate-log", FIRST),
    ("timestampAuthorities", "sigstore/timestamp", SECOND),
]


@pytest.mark.parametrize(("listed", "check", "kind"), ROOT_WINDOWS)
@pytest.mark.parametrize("window", [("2026-03-01T12:00:01Z", None), ("2026-01-01T00:00:00Z", -1)])
def test_trust_ends_where_the_trusted_root_says(listed, check, kind, window):
    start, end = window
    root = MAKER.trusted_root()
    for each in root[listed]:
        holder = each.get("publicKey", each)
        holder["validFor"] = {"start": start}
        if end is not None:
            holder["validFor"]["end"] = "2026-03-01T11:59:59Z"
    assert check in failures(verify(MAKER.message_bundle(kind=kind), root))


@pytest.mark.parametrize(("listed", "check", "kind"), ROOT_WINDOWS)
def test_trust_windows_are_closed_intervals(listed, check, kind):
    root = MAKER.trusted_root()
    for each in root[listed]:
        moment = "2026-03-01T12:00:00Z"
        each.get("publicKey", each)["validFor"] = {"start": moment, "end": moment}
    assert failures(verify(MAKER.message_bundle(kind=kind), root)) == set()
