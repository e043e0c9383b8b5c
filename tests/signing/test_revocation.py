"""Revocation lists: only the issuer's own, whole and current one says that nothing was revoked."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mlsec.signing.certificates.revocation import (
    RevocationList,
    check_not_revoked,
    read_revocation_list,
)
from mlsec.signing.errors import UnsupportedError
from tests.signing.workshop import ALICE, CORP, NOW

DAY = timedelta(days=1)
PATH = (ALICE.certificate, CORP.certificate)


def encoded(*more: tuple[x509.ExtensionType, bool], name: x509.Name | None = None) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or CORP.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
    )
    for extension, is_critical in more:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(CORP.key, hashes.SHA256()).public_bytes(Encoding.DER)


def check(*lists: RevocationList) -> None:
    check_not_revoked(PATH, lists, now=NOW, signed_at=None)


def test_a_current_list_of_the_issuer_is_enough() -> None:
    check(read_revocation_list(encoded((x509.CRLNumber(1), False))))


def test_a_list_that_never_ends_is_not_known_to_be_current() -> None:
    found = read_revocation_list(encoded())
    endless = msgspec.structs.replace(found, next_update=None)
    with pytest.raises(UnsupportedError, match="out of date"):
        check(endless)
    check(endless, found)


def test_a_list_of_another_name_is_not_the_issuers_even_if_signed_by_its_key() -> None:
    other = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "corp root, second")])
    with pytest.raises(UnsupportedError, match="no revocation list of the issuer"):
        check(read_revocation_list(encoded(name=other)))


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
    ],
    ids=["changes-only", "authorities-only"],
)
def test_a_list_that_covers_only_part_is_refused(extension: x509.ExtensionType) -> None:
    with pytest.raises(UnsupportedError, match="critical extension"):
        read_revocation_list(encoded((extension, True)))
