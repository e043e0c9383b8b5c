"""Notary envelopes in COSE: the same judgement as in JWS, from a strict CBOR reader."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.encodings import cbor
from mlsec.signing.errors import MalformedError, SigningError, UnsupportedError
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import ALGORITHMS
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.verdicts.verdict import IdentityType, SignatureVerdict
from tests.signing.make_cose import SECONDS, Tag, cose_envelope, dumps
from tests.signing.make_notary import SUBJECT, NotaryMaker
from tests.signing.test_notary import KEYS, MAKER, NOW, TARGET, failures


def judge(envelope: bytes, maker: NotaryMaker = MAKER) -> SignatureVerdict:
    rule = IdentityRule(value=SUBJECT, type=IdentityType.SUBJECT)
    trust = NotaryTrust(roots=maker.roots, identity=rule, now=NOW)
    return verify_notary(read_notary_cose(envelope), trust)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_of_the_specification_holds(algorithm):
    maker = NotaryMaker(KEYS[algorithm]())
    assert failures(judge(cose_envelope(maker, TARGET), maker)) == set()


def test_signature_of_another_key_is_refused():
    envelope = cose_envelope(MAKER, TARGET, signed_by=NotaryMaker())
    assert failures(judge(envelope)) == {"signature/valid"}


def test_expired_signature_is_refused():
    headers = {
        2: ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
        "io.cncf.notary.expiry": Tag(1, SECONDS + 60),
    }
    assert failures(judge(cose_envelope(MAKER, TARGET, headers=headers))) == {"notary/expiry"}


@pytest.mark.parametrize(
    "headers",
    [
        {2: []},
        {2: [1]},
        {2: ["io.cncf.notary.signingScheme", "not there"]},
        {3: "text/plain"},
        {3: 50},
        {"io.cncf.notary.expiry": Tag(1, SECONDS)},
        {"io.cncf.notary.signingTime": SECONDS},
        {"io.cncf.notary.signingTime": Tag(0, "2026-03-01T00:00:00Z")},
        {"io.cncf.notary.signingTime": Tag(1, -1)},
        {"io.cncf.notary.signingTime": Tag(1, 1 << 60)},
        {33: b"a chain that is protected too"},
    ],
)
def test_headers_that_contradict_each_other_are_refused(headers):
    with pytest.raises(MalformedError):
        read_notary_cose(cose_envelope(MAKER, TARGET, headers=headers))


@pytest.mark.parametrize(
    "headers",
    [
        {1: -257},
        {1: 5},
        {1: "ES256"},
        {2: ["io.cncf.notary.signingScheme", "custom"], "custom": "x"},
        {"io.cncf.notary.signingScheme": "notary.x509.other"},
    ],
)
def test_what_is_not_understood_is_never_a_pass(headers):
    with pytest.raises(UnsupportedError):
        read_notary_cose(cose_envelope(MAKER, TARGET, headers=headers))


@pytest.mark.parametrize("chain", [[], "text", [b"x"] * 17, [1], None])
def test_chain_of_another_kind_is_refused(chain):
    with pytest.raises(MalformedError):
        read_notary_cose(cose_envelope(MAKER, TARGET, beside={33: chain}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x18\x17",  # 23 in two bytes
        b"\x19\x00\xff",  # 255 in three bytes
        b"\x9f\xff",  # a list without a length
        b"\xf9\x3c\x00",  # a float
        b"\xa2\x01\x02\x01\x03",  # a key twice
        b"\xa1\x80\x01",  # a list for a key
        b"\x61\xff",  # text that is not UTF-8
        b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",  # a list longer than the data
        b"\x01\x01",  # bytes after the end
        b"\x81" * 40 + b"\x01",  # deep
        b"\x99\x30\x00" + b"\x01" * 12288,  # many
        b"\xf8\x20",  # a simple value
    ],
)
def test_cbor_that_is_not_strict_is_refused(data):
    with pytest.raises(MalformedError):
        cbor.loads(data, "test")


KEYS_OF_MAPS = st.text() | st.integers(0, 99)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(1 << 64), (1 << 64) - 1) | st.binary() | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS_OF_MAPS, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert cbor.loads(dumps(value), "test") == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_in_its_one_spelling_or_the_one_error(data):
    try:
        found = cbor.loads(data, "test")
    except SigningError:
        return
    assert dumps(_tags(found)) == data


def _tags(value: Any) -> Any:
    match value:
        case cbor.Tagged():
            return Tag(value.tag, _tags(value.value))
        case list():
            return [_tags(each) for each in value]
        case dict():
            return {key: _tags(each) for key, each in value.items()}
        case _:
            return value


ENVELOPE = cose_envelope(MAKER, TARGET)


@given(st.data())
def test_changed_envelope_never_verifies_another_target_and_never_breaks(data):
    changed = bytearray(ENVELOPE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        read = read_notary_cose(bytes(changed))
        verdict = judge(bytes(changed))
    except SigningError:
        return
    assert not verdict.is_good or read.target.digest == TARGET["digest"]
