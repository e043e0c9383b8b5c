"""RFC 3161 timestamps: who is believed, about what, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from mlsec.signing.certificates.certificate import Authority
from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps.token import read_timestamp
from mlsec.signing.timestamps.verify import verify_timestamp
from mlsec.signing.verdicts.steps import CheckFailedError
from tests.signing.make_timestamp import YEAR_END, YEAR_START, TimestampMaker, issue

SIGNATURE = b"the bytes of a signature"
AT = YEAR_START + timedelta(days=30)
TSA = TimestampMaker()
CLOSED = [(0, 0, True), (1, 2, False), (-2, -1, False)]
STAMP = TSA.stamp(SIGNATURE, AT)


def verify(maker: TimestampMaker, stamp: bytes, authority: Authority | None = None) -> object:
    trusted = authority or Authority(chain=maker.chain)
    return verify_timestamp(read_timestamp(stamp), SIGNATURE, [trusted])


@pytest.mark.parametrize("is_embedded", [True, False])
def test_timestamp_by_a_trusted_authority_gives_its_time(is_embedded):
    assert verify(TSA, TSA.stamp(SIGNATURE, AT, is_embedded=is_embedded)) == AT


def test_certificate_in_the_token_is_enough_when_only_the_root_is_trusted():
    authority = Authority(chain=(TSA.root.certificate,))
    assert verify(TSA, TSA.stamp(SIGNATURE, AT), authority) == AT


def test_timestamp_over_other_data_is_refused():
    with pytest.raises(CheckFailedError, match="other data"):
        verify(TSA, TSA.stamp(b"another signature", AT))


def test_timestamp_of_an_untrusted_authority_is_refused_although_it_brings_its_certificate():
    with pytest.raises(CheckFailedError, match="no path to an anchor"):
        verify(TSA, TimestampMaker("stranger").stamp(SIGNATURE, AT))


def test_namesake_of_the_trusted_authority_is_refused():
    with pytest.raises(CheckFailedError, match="no path to an anchor"):
        verify(TSA, TimestampMaker("tsa").stamp(SIGNATURE, AT))


def test_no_authority_in_the_policy_means_no_time():
    with pytest.raises(CheckFailedError, match="names no timestamp authority"):
        verify_timestamp(read_timestamp(TSA.stamp(SIGNATURE, AT)), SIGNATURE, [])


@pytest.mark.parametrize("at", [YEAR_START - timedelta(seconds=1), YEAR_END + timedelta(seconds=1)])
def test_timestamp_outside_the_certificates_validity_is_refused(at):
    with pytest.raises(CheckFailedError, match="the certificate is valid from"):
        verify(TSA, TSA.stamp(SIGNATURE, at))


@pytest.mark.parametrize(
    ("start", "end", "is_trusted"), [(0, 0, True), (1, 2, False), (-2, -1, False)]
)
def test_authority_is_trusted_in_a_closed_interval(start, end, is_trusted):
    authority = Authority(
        chain=TSA.chain, start=AT + timedelta(seconds=start), end=AT + timedelta(seconds=end)
    )
    if is_trusted:
        assert verify(TSA, TSA.stamp(SIGNATURE, AT), authority) == AT
    else:
        with pytest.raises(CheckFailedError, match="outside the period"):
            verify(TSA, TSA.stamp(SIGNATURE, AT), authority)


@pytest.mark.parametrize(
    "purposes",
    [
        (ExtendedKeyUsageOID.CODE_SIGNING,),
        (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING),
    ],
)
def test_certificate_for_other_purposes_makes_no_timestamps(purposes):
    maker = TimestampMaker(purposes=purposes)
    with pytest.raises(CheckFailedError, match=r"timestamping|time stamping"):
        verify(maker, maker.stamp(SIGNATURE, AT))


def test_purpose_that_is_not_critical_is_refused():
    maker = TimestampMaker(is_critical=False)
    with pytest.raises(CheckFailedError, match="no path"):
        verify(maker, maker.stamp(SIGNATURE, AT))


def test_content_changed_after_signing_is_refused():
    with pytest.raises(CheckFailedError, match="changed after"):
        verify(TSA, TSA.stamp(SIGNATURE, AT, content_digest=b"\x00" * 32))


def test_certificate_that_the_signer_did_not_name_is_not_used():
    with pytest.raises(CheckFailedError, match="not known"):
        verify(TSA, TSA.stamp(SIGNATURE, AT, named=b"\x00" * 32))


def test_refusal_by_the_authority_is_no_timestamp():
    with pytest.raises(MalformedError, match="status 2"):
        read_timestamp(TSA.stamp(SIGNATURE, AT, status=2))


def test_two_signers_are_refused():
    with pytest.raises(MalformedError, match="one signer"):
        read_timestamp(TSA.stamp(SIGNATURE, AT, repeat=2))


def test_bytes_after_the_token_are_refused():
    with pytest.raises(MalformedError, match="ExtraData"):
        read_timestamp(TSA.stamp(SIGNATURE, AT) + b"\x00")


def test_huge_token_is_refused_before_it_is_read():
    with pytest.raises(MalformedError, match="larger than"):
        read_timestamp(b"\x30\x84\x7f\xff\xff\xff" + bytes(1 << 17))


@given(st.data())
def test_changed_token_is_never_believed_and_never_a_traceback(data):
    mutated = bytearray(STAMP)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    try:
        at = verify(TSA, bytes(mutated))
    except (MalformedError, CheckFailedError):
        return
    assert at == AT  # what is not signed (the status text, say) may change; the time may not


@given(st.binary(max_size=200))
def test_any_bytes_give_the_one_error(data):
    with pytest.raises(MalformedError):
        read_timestamp(data)


def oracle(maker: TimestampMaker, stamp: bytes) -> bool:
    """What rfc3161-client says of the same token, at the same trust."""
    verifier = (
        VerifierBuilder()
        .tsa_certificate(maker.leaf.certificate)
        .add_root_certificate(maker.root.certificate)
        .build()
    )
    try:
        return verifier.verify_message(decode_timestamp_response(stamp), SIGNATURE)
    except VerificationError:
        return False


@pytest.mark.parametrize(
    ("bent", "is_good"),
    [
        ({}, True),
        ({"is_embedded": False}, True),
        ({"data": b"other"}, False),
        ({"content_digest": b"\x00" * 32}, False),
        ({"at": YEAR_END + timedelta(days=1)}, False),
    ],
)
def test_same_judgement_as_the_reference_implementation(bent, is_good):
    stamp = TSA.stamp(**{"data": SIGNATURE, "at": AT, **bent})
    try:
        ours = verify(TSA, stamp) is not None
    except CheckFailedError:
        ours = False
    assert (ours, oracle(TSA, stamp)) == (is_good, is_good)


def test_authority_that_signs_with_its_ca_certificate_is_refused():
    maker = TimestampMaker()
    maker.leaf = issue("ca signer", maker.root, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))
    with pytest.raises(CheckFailedError, match="an authority's"):
        verify(maker, maker.stamp(SIGNATURE, AT))


def test_other_certificate_of_the_same_root_is_refused_where_the_signer_is_named():
    maker = TimestampMaker()
    named = Authority(chain=maker.chain)
    maker.leaf = issue(
        "another", maker.root, is_ca=False, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,)
    )
    stamp = maker.stamp(SIGNATURE, AT)
    with pytest.raises(CheckFailedError, match="other than the trusted"):
        verify(maker, stamp, named)
    assert verify(maker, stamp, Authority(chain=(maker.root.certificate,))) == AT
