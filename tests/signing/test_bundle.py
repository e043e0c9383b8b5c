"""Bundles: each form is read, and anything else ends in the one error."""

from __future__ import annotations

import base64
import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core.errors import MlsecError
from mlsec.signing.bundles.bundle import MaterialKind
from mlsec.signing.bundles.bundle_reader import MEDIA_TYPES, parse_bundle, parse_bundles
from mlsec.signing.errors import SigningError, UnsupportedError
from mlsec.signing.trust.policy_loader import policy_of
from tests.signing.mutations import _bytes, _tree
from tests.signing.test_policy import WHOLE

SOME = base64.b64encode(b"some").decode()
ENVELOPE = {"payload": SOME, "payloadType": "t", "signatures": [{"sig": SOME, "keyid": None}]}
ENTRY = {
    "logIndex": "7", "logId": {"keyId": SOME}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": 9, "inclusionPromise": {"signedEntryTimestamp": SOME},
    "inclusionProof": {"logIndex": "7", "rootHash": SOME, "treeSize": "8", "hashes": [SOME],
                       "checkpoint": {"envelope": "note"}},
    "canonicalizedBody": SOME,
}  # fmt: skip
WHOLE_BUNDLE: dict[str, Any] = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {
        "certificate": {"rawBytes": SOME},
        "tlogEntries": [ENTRY],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": SOME}]},
    },
    "dsseEnvelope": ENVELOPE,
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(SOME),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def with_material(**material: Any) -> bytes:
    return encoded({**WHOLE_BUNDLE, "verificationMaterial": material})


def test_every_part_of_a_bundle_is_read() -> None:
    bundle = parse_bundle(encoded(WHOLE_BUNDLE))
    assert bundle.version == (0, 3)
    assert bundle.material.kind is MaterialKind.CERTIFICATE
    assert bundle.material.certificates == (b"some",)
    assert bundle.material.timestamps == (b"some",)
    [entry] = bundle.material.log_entries
    assert (entry.log_index, entry.integrated_time, entry.promise) == (7, 9, b"some")
    assert entry.proof is not None
    assert (entry.proof.tree_size, entry.proof.checkpoint) == (8, "note")
    assert bundle.envelope is not None
    assert bundle.envelope.payload == b"some"


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_known_media_type_is_read(media_type: str) -> None:
    bundle = parse_bundle(encoded({**WHOLE_BUNDLE, "mediaType": media_type}))
    assert bundle.version == MEDIA_TYPES[media_type]


def test_unknown_media_type_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        parse_bundle(encoded({**WHOLE_BUNDLE, "mediaType": "application/vnd.dev.sigstore.v9"}))


def test_bare_envelope_brings_no_material() -> None:
    bundle = parse_bundle(encoded(ENVELOPE))
    assert (bundle.version, bundle.material.kind) == ((0, 0), MaterialKind.NONE)


def test_one_bundle_a_line_or_one_over_several_lines() -> None:
    line = encoded(WHOLE_BUNDLE)
    assert len(parse_bundles(line + b"\n\n" + line + b"\n")) == 2
    assert len(parse_bundles(json.dumps(WHOLE_BUNDLE, indent=1).encode())) == 1


@pytest.mark.parametrize(
    "data",
    [
        encoded({key: one for key, one in WHOLE_BUNDLE.items() if key != "dsseEnvelope"}),
        encoded({**WHOLE_BUNDLE, "messageSignature": {"signature": SOME}}),
        encoded({**WHOLE_BUNDLE, "more": 1}),
        encoded({**WHOLE_BUNDLE, "dsseEnvelope": {**ENVELOPE, "signatures": []}}),
        encoded({**WHOLE_BUNDLE, "dsseEnvelope": {**ENVELOPE, "payload": "YR=="}}),
        with_material(certificate={"rawBytes": SOME}, publicKey={"hint": "x"}),
        with_material(x509CertificateChain={"certificates": []}),
        with_material(x509CertificateChain={"certificates": [{"rawBytes": SOME}] * 17}),
        with_material(publicKey={}, tlogEntries=[{**ENTRY, "logIndex": "-1"}]),
        with_material(publicKey={}, tlogEntries=[{**ENTRY, "logIndex": "07"}]),
        with_material(publicKey={}, tlogEntries=[{**ENTRY, "logIndex": str(1 << 63)}]),
        with_material(publicKey={}, tlogEntries=[ENTRY] * 33),
    ],
)
def test_bundle_that_breaks_a_rule_is_refused(data: bytes) -> None:
    with pytest.raises(SigningError):
        parse_bundle(data)


@given(st.binary(max_size=300) | _JSON.map(encoded))
def test_anything_is_a_bundle_or_ends_in_the_one_error(data: bytes) -> None:
    try:
        parse_bundles(data)
    except SigningError:
        return


@given(st.data())
def test_any_value_in_any_field_is_read_or_ends_in_the_one_error(data: st.DataObject) -> None:
    document = json.loads(encoded(WHOLE_BUNDLE))
    place: Any = document
    while True:
        key = data.draw(st.sampled_from(range(len(place)) if isinstance(place, list) else [*place]))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(_JSON)
    try:
        parse_bundle(encoded(document))
    except SigningError:
        return


@pytest.mark.parametrize("seed", range(20))
def test_mutated_bundle_or_policy_ends_in_the_one_error(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - to repeat a run
    for _ in range(60):
        with contextlib.suppress(SigningError):
            parse_bundles(source.choice((_bytes, _tree))(encoded(WHOLE_BUNDLE), source))
        with contextlib.suppress(MlsecError):
            policy_of(_bytes(WHOLE.encode(), source).decode("utf-8", "replace"), Path("x.yaml"))
