"""Certificates as bytes from a stranger: read whole or refused, led to an anchor or refused."""

from __future__ import annotations

from base64 import encodebytes
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.certificates.certificate import (
    MAX_BYTES,
    Purpose,
    read_certificate,
    read_certificates,
    verify_path,
)
from mlsec.signing.certificates.revocation import read_revocation_list
from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.oci.descriptor import Descriptor
from mlsec.signing.oci.simple_signing import read_simple_signing
from mlsec.signing.verdicts.steps import CheckFailedError
from tests.signing.make_fulcio import SIGNED_AT, FulcioMaker
from tests.signing.make_oci import SIMPLE_SIGNING, cosign_annotations, simple_signing
from tests.signing.make_sigstore import SigstoreMaker, pem_of
from tests.signing.make_timestamp import YEAR_START, issue
from tests.signing.mutation import mutate_json

FULCIO = FulcioMaker()
LEAF = FULCIO.certificate()
AT = YEAR_START + timedelta(days=30)
CODE = (ExtendedKeyUsageOID.CODE_SIGNING,)


def lead(leaf: object, *between: object, anchors: tuple[object, ...] = ()) -> int:
    path = verify_path(
        leaf,  # type: ignore[arg-type]
        between,  # type: ignore[arg-type]
        anchors or (FULCIO.root.certificate,),  # type: ignore[arg-type]
        SIGNED_AT,
        Purpose.CODE_SIGNING,
    )
    return len(path)


def test_path_leads_over_the_intermediate_to_the_root():
    assert lead(LEAF.certificate, FULCIO.intermediate.certificate) == 3


def test_anchor_need_not_be_a_root():
    assert lead(LEAF.certificate, anchors=(FULCIO.intermediate.certificate,)) == 2


def test_certificate_is_not_its_own_anchor():
    with pytest.raises(CheckFailedError, match="does not lead"):
        lead(LEAF.certificate, anchors=(LEAF.certificate,))


def test_no_anchor_means_no_path():
    with pytest.raises(CheckFailedError):
        verify_path(LEAF.certificate, (), (), SIGNED_AT, Purpose.CODE_SIGNING)


@pytest.mark.parametrize(
    "purpose", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING]
)
def test_issuer_that_is_limited_to_another_purpose_is_refused(purpose):
    root = issue("root")
    between = issue("between", root, purposes=(purpose,), is_critical=False)
    leaf = issue("leaf", between, is_ca=False, purposes=CODE)
    with pytest.raises(CheckFailedError):
        verify_path(
            leaf.certificate,
            (between.certificate,),
            (root.certificate,),
            AT,
            Purpose.CODE_SIGNING,
        )


def test_signers_certificate_issues_nothing():
    root = issue("root")
    signer = issue("signer", root, is_ca=False, purposes=CODE)
    leaf = issue("leaf", signer, is_ca=False, purposes=CODE)
    with pytest.raises(CheckFailedError):
        verify_path(
            leaf.certificate, (signer.certificate,), (root.certificate,), AT, Purpose.CODE_SIGNING
        )


def test_chain_of_twenty_is_too_deep():
    chain = [issue("root")]
    for number in range(20):
        chain.append(issue(f"ca {number}", chain[-1]))
    leaf = issue("leaf", chain[-1], is_ca=False, purposes=CODE)
    between = tuple(each.certificate for each in chain[1:])
    with pytest.raises(CheckFailedError):
        verify_path(leaf.certificate, between, (chain[0].certificate,), AT, Purpose.CODE_SIGNING)


def test_huge_certificate_is_refused_before_it_is_read():
    with pytest.raises(MalformedError, match="larger"):
        read_certificate(b"\x30" * (MAX_BYTES + 1))


@given(st.data())
def test_changed_certificate_is_never_led_to_an_anchor_and_never_a_traceback(data):
    changed = bytearray(LEAF.der)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        certificate = read_certificate(bytes(changed))
        lead(certificate, FULCIO.intermediate.certificate)
    except SigningError:
        return
    assert certificate.tbs_certificate_bytes == LEAF.certificate.tbs_certificate_bytes


@given(st.binary(max_size=100))
def test_any_bytes_give_the_one_error(data):
    with pytest.raises(MalformedError):
        read_certificate(data)


@pytest.mark.parametrize("kind", [b"CERTIFICATE", b"X509 CRL"])
def test_document_of_an_unknown_version_gives_the_one_error(kind):
    """The library's error for it is no ValueError."""
    if kind == b"CERTIFICATE":
        read, good = read_certificates, LEAF.certificate.public_bytes(Encoding.DER)
        changed = good.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x0a", 1)
    else:
        builder = x509.CertificateRevocationListBuilder().issuer_name(LEAF.certificate.issuer)
        made = builder.last_update(AT).next_update(AT + timedelta(days=1))
        good = made.sign(FULCIO.root.key, hashes.SHA256()).public_bytes(Encoding.DER)
        read, changed = read_revocation_list, good.replace(b"\x02\x01\x01", b"\x02\x01\x09", 1)
    assert changed != good
    pem = b"-----BEGIN %b-----\n%b-----END %b-----\n" % (kind, encodebytes(changed), kind)
    for data in (pem, changed):
        with pytest.raises(MalformedError):
            read(data)


SIGSTORE = SigstoreMaker()
DIGEST = "sha256:" + "a" * 64
PAYLOAD = simple_signing(DIGEST)
HOLDER = SIGSTORE.fulcio.certificate()
NOTES = cosign_annotations(
    SIGSTORE.message_bundle(HOLDER, artifact=PAYLOAD), pem_of(HOLDER).decode()
)


def layer(notes: dict[str, str]) -> Descriptor:
    return Descriptor(
        media_type=SIMPLE_SIGNING, digest=DIGEST, size=len(PAYLOAD), annotations=notes
    )


@given(st.data())
def test_mutated_simple_signing_is_read_or_the_one_error(data):
    changed = mutate_json(NOTES, data)
    notes = {name: value for name, value in changed.items() if isinstance(value, str)}
    try:
        found = read_simple_signing(layer(notes), PAYLOAD)
    except SigningError:
        return
    assert found.digest == DIGEST


@given(st.binary(max_size=200))
def test_any_payload_for_a_simple_signature_gives_the_one_error(data):
    with pytest.raises(SigningError):
        read_simple_signing(layer(NOTES), data)
