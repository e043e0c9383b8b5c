"""Notary Project envelopes: good ones hold, and each bent header, key or name is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.certificates.certificate import Authority
from mlsec.signing.errors import MalformedError, SigningError, UnsupportedError
from mlsec.signing.oci.distinguished_name import (
    attributes_of,
    has_required_attributes,
    required_attributes,
)
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_jws import ALGORITHMS, read_notary_envelope
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.verdicts.verdict import Identity, IdentityType, Outcome, SignatureVerdict
from tests.signing.make_notary import SIGNED_AT, SUBJECT, NotaryMaker
from tests.signing.make_timestamp import YEAR_END
from tests.signing.mutation import mutate_json

MAKER = NotaryMaker()
TARGET = {
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": "sha256:" + "a" * 64,
    "size": 481,
}
NOW = SIGNED_AT + timedelta(days=1)


def judge(
    envelope: dict[str, Any],
    maker: NotaryMaker = MAKER,
    *,
    now: datetime = NOW,
    identity: str = SUBJECT,
    **trust: Any,
) -> SignatureVerdict:
    read = read_notary_envelope(json.dumps(envelope).encode())
    rule = IdentityRule(value=identity, type=IdentityType.SUBJECT)
    return verify_notary(
        read, NotaryTrust(**{"roots": maker.roots, "identity": rule, "now": now, **trust})
    )


def failures(verdict: SignatureVerdict) -> set[str]:
    return {each.id for each in verdict.checks if each.outcome is not Outcome.OK and each.is_fatal}


KEYS = {
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS384": lambda: rsa.generate_private_key(65537, 3072),
    "PS512": lambda: rsa.generate_private_key(65537, 4096),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_of_the_specification_holds(algorithm):
    maker = NotaryMaker(KEYS[algorithm]())
    envelope = maker.envelope(TARGET)
    assert read_notary_envelope(json.dumps(envelope).encode()).algorithm == algorithm
    assert failures(judge(envelope, maker)) == set()


def test_target_is_what_the_payload_names():
    read = read_notary_envelope(json.dumps(MAKER.envelope(TARGET)).encode())
    assert (read.target.digest, read.target.size) == (TARGET["digest"], 481)


def test_signature_of_another_key_is_refused():
    envelope = MAKER.envelope(TARGET, signed_by=NotaryMaker())
    assert failures(judge(envelope)) == {"signature/valid"}


def test_changed_payload_is_refused():
    envelope = MAKER.envelope(TARGET)
    other = MAKER.envelope({**TARGET, "digest": "sha256:" + "b" * 64})
    assert failures(judge({**envelope, "payload": other["payload"]})) == {"signature/valid"}


def test_algorithm_has_to_be_the_one_for_the_key():
    envelope = MAKER.envelope(TARGET, headers={"alg": "ES384"})
    assert failures(judge(envelope)) == {"signature/valid"}


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "EdDSA", "es256", "ES256K"])
def test_algorithm_outside_the_list_is_not_taken(algorithm):
    with pytest.raises(UnsupportedError):
        judge(MAKER.envelope(TARGET, headers={"alg": algorithm}))


def test_certificate_of_another_root_is_refused():
    assert failures(judge(MAKER.envelope(TARGET), NotaryMaker())) == {"certificate/leads-to-anchor"}


@pytest.mark.parametrize(
    "purpose", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]
)
def test_certificate_for_another_purpose_is_refused(purpose):
    maker = NotaryMaker(purposes=(purpose,))
    assert failures(judge(maker.envelope(TARGET), maker)) == {"certificate/leads-to-anchor"}


def test_certificate_may_leave_open_what_it_is_for():
    maker = NotaryMaker(purposes=())
    assert failures(judge(maker.envelope(TARGET), maker)) == set()


def test_authoritys_certificate_is_refused():
    maker = NotaryMaker(is_ca=True)
    assert failures(judge(maker.envelope(TARGET), maker)) == {"certificate/leads-to-anchor"}


def test_expired_certificate_is_refused_without_a_trusted_timestamp():
    late = YEAR_END + timedelta(days=1)
    envelope = MAKER.envelope(TARGET, is_stamped=True)
    assert failures(judge(envelope, now=late)) == {"certificate/leads-to-anchor"}


def test_trusted_timestamp_keeps_a_signature_after_its_certificate_expired():
    maker = NotaryMaker(end=SIGNED_AT + timedelta(days=1))
    authorities = (Authority(chain=(maker.tsa.root.certificate,)),)
    late = SIGNED_AT + timedelta(days=100)
    envelope = maker.envelope(TARGET, is_stamped=True)
    verdict = judge(envelope, maker, now=late, authorities=authorities)
    assert failures(verdict) == set()
    assert [each.at for each in verdict.times] == [SIGNED_AT]
    stranger = (Authority(chain=(NotaryMaker().tsa.root.certificate,)),)
    assert failures(judge(envelope, maker, now=late, authorities=stranger)) == {
        "timestamp/trusted",
        "certificate/leads-to-anchor",
    }


def test_signature_ends_when_its_signer_meant_it_to():
    headers = {
        "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
        "io.cncf.notary.expiry": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    envelope = MAKER.envelope(TARGET, headers=headers)
    assert failures(judge(envelope, now=NOW - timedelta(seconds=1))) == set()
    assert failures(judge(envelope, now=NOW)) == {"notary/expiry"}


def test_signature_from_the_future_is_refused():
    assert failures(judge(MAKER.envelope(TARGET), now=SIGNED_AT - timedelta(days=1))) == {
        "notary/scheme"
    }


AUTHORITY = {
    "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.authenticSigningTime"],
    "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
    "io.cncf.notary.authenticSigningTime": SIGNED_AT.strftime("%Y-%m-%dT%H:%M:%SZ"),
}


def test_signing_authoritys_word_for_the_time_counts_only_where_it_is_trusted_for_it():
    envelope = MAKER.envelope(TARGET, headers=AUTHORITY)
    late = YEAR_END + timedelta(days=1)
    assert failures(judge(envelope, now=late, may_vouch_for_time=True)) == set()
    assert failures(judge(envelope)) == {"notary/scheme"}
    assert failures(judge(MAKER.envelope(TARGET), may_vouch_for_time=True)) == {"notary/scheme"}


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": []},
        {"crit": ["io.cncf.notary.signingScheme"] * 2},
        {"crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]},
        {"io.cncf.notary.expiry": "2099-01-01T00:00:00Z"},
        {**AUTHORITY, "crit": ["io.cncf.notary.signingScheme"]},
        {"cty": "text/plain"},
        {"io.cncf.notary.signingTime": "yesterday"},
    ],
)
def test_headers_that_contradict_each_other_are_refused(headers):
    with pytest.raises(MalformedError):
        judge(MAKER.envelope(TARGET, headers=headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["io.cncf.notary.signingScheme", "custom"], "custom": "x"},
        {
            "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.verificationPlugin"],
            "io.cncf.notary.verificationPlugin": "plugin",
        },
        {"io.cncf.notary.signingScheme": "notary.x509.other"},
    ],
)
def test_what_is_critical_and_not_understood_is_never_a_pass(headers):
    with pytest.raises(UnsupportedError):
        judge(MAKER.envelope(TARGET, headers=headers))


@pytest.mark.parametrize(
    ("identity", "is_right"),
    [
        (SUBJECT, True),
        ("x509.subject: O=acme, C=US, S=WA, CN=release", True),
        ("x509.subject: C=US, ST=WA, O=acme2", False),
        ("x509.subject: C=US, ST=WA, O=acm", False),
        ("x509.subject: C=US, ST=WA, O=acme, OU=ml", False),
        ("x509.subject: C=US, O=acme", False),
        ("CN=release,O=acme,ST=WA,C=US", True),
        ("O=acme,ST=WA,C=US", False),
        ("*", False),
        ("x509.subject:", False),
    ],
)
def test_identity_is_exact_or_a_subset_that_names_country_state_and_organisation(
    identity, is_right
):
    expected = set() if is_right else {"signer/named"}
    assert failures(judge(MAKER.envelope(TARGET), identity=identity)) == expected


def test_value_that_imitates_further_attributes_stays_one_value():
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
            x509.NameAttribute(NameOID.COMMON_NAME, "x, O=acme"),
        ]
    )
    maker = NotaryMaker(name=name)
    assert failures(judge(maker.envelope(TARGET), maker)) == {"signer/named"}


def test_repeated_attribute_is_never_a_match():
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "evil"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acme"),
        ]
    )
    maker = NotaryMaker(name=name)
    assert failures(judge(maker.envelope(TARGET), maker)) == {"signer/named"}


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_the_one_error(text):
    for read in (attributes_of, required_attributes):
        try:
            read(text)
        except MalformedError:
            continue


@given(st.text(min_size=1, max_size=20))
def test_any_organisation_is_found_again_in_its_own_certificate_name(value):
    try:
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, value)])
    except ValueError:
        return
    text = name.rfc4514_string()
    try:
        found = attributes_of(text)
    except MalformedError:
        return
    assert set(found) == {"O"}
    subject = (Identity(type=IdentityType.SUBJECT, value=text),)
    assert not has_required_attributes(SUBJECT, subject)


ENVELOPE = MAKER.envelope(TARGET, is_stamped=True)


@given(st.data())
def test_mutated_envelope_never_verifies_another_target_and_never_breaks(data):
    changed = mutate_json(ENVELOPE, data)
    try:
        read = read_notary_envelope(json.dumps(changed).encode())
        verdict = judge(changed)
    except SigningError:
        return
    assert not verdict.is_good or read.target.digest == TARGET["digest"]


@given(st.binary(max_size=200))
def test_any_bytes_give_the_one_error(data):
    with pytest.raises(SigningError):
        read_notary_envelope(data)
