"""Attacks 8, 12 to 18, 21 and 22: on time, certificates, signers, thresholds and versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from mlsec.signing.trust import lock_file as lock
from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.attack import Attack
from tests.signing.make_timestamp import Holder, TimestampMaker, issue
from tests.signing.workshop import (
    ALICE,
    CODE,
    CORP,
    NOW,
    STRANGER,
    TSA,
    Workshop,
    certificate_signer,
    key_signer,
    public_pem,
)

DAY = timedelta(days=1)


def _by(holder: Holder, *chain: Holder) -> Callable[[Workshop], Verdict]:
    """Signed with a certificate."""

    def do(shop: Workshop) -> Verdict:
        shop.sign(certificate_signer(holder, *chain))
        return shop.verify()

    return do


def _leaf(name: str = "alice", issuer: Holder = CORP, **more: Any) -> Holder:
    return issue(name, issuer, **{"is_ca": False, "purposes": CODE, **more})


_OLD_AUTHORITY = issue("old authority", CORP, end=NOW - DAY)
_OLD = _leaf(end=NOW - DAY)


def _stamped(
    maker: TimestampMaker, at: datetime, holder: Holder = _OLD, over: bytes = b""
) -> Callable[[Workshop], Verdict]:
    """Signed with a certificate that has expired, and a timestamp from before."""

    def do(shop: Workshop) -> Verdict:
        shop.anchors["corp"]["tsa"] = ["tsa.pem"]
        shop.sign(certificate_signer(holder), timestamp=lambda made: maker.stamp(over or made, at))
        return shop.verify()

    return do


def _stamp_nobody_asked_for(shop: Workshop) -> Verdict:
    signer = certificate_signer(_OLD)
    shop.sign(signer, timestamp=lambda made: TSA.stamp(made, NOW - 9 * DAY))
    return shop.verify()


def _stamp_required(shop: Workshop) -> Verdict:
    shop.defaults["timestamp"] = "required"
    shop.anchors["release"]["tsa"] = ["tsa.pem"]
    shop.sign()
    return shop.verify()


def _as(identity: dict[str, str]) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        shop.signers[1]["identity"] = identity
        shop.sign(certificate_signer())
        return shop.verify()

    return do


def _pattern(shop: Workshop) -> Verdict:
    """A pattern that the name contains, but that it is not in full."""
    del shop.signers[1]["identity"]
    shop.signers[1]["identity_regex"] = {"subject": "CN=alic"}
    shop.sign(certificate_signer())
    return shop.verify()


def _second(shop: Workshop, key: Any) -> Verdict:
    shop.sign()
    other = shop.model / "second.sig"
    bundle = shop.bundle()
    shop.sign_statement(shop.statement(), key=key)
    other.write_bytes(shop.signature.read_bytes())
    shop.put(bundle)
    return shop.verify()


def _two_in_an_envelope(shop: Workshop) -> Verdict:
    shop.sign()
    bundle = shop.bundle()
    signatures = bundle["dsseEnvelope"]["signatures"]
    signatures.append({"sig": "AAAA", "keyid": ""})
    shop.put(bundle)
    return shop.verify()


def _bare_envelope(shop: Workshop) -> Verdict:
    shop.sign()
    envelope = shop.bundle()["dsseEnvelope"]
    envelope["signatures"].append({"sig": "AAAA", "keyid": ""})
    shop.put(envelope)
    return shop.verify()


def _threshold_of_one_key(shop: Workshop) -> Verdict:
    shop.threshold = 2
    shop.anchors["again"] = {"type": "key", "pem": "release.pub"}
    shop.signers.append({"anchor": "again"})
    return _second(shop, key_signer())


def _threshold_met(shop: Workshop) -> Verdict:
    shop.threshold = 2
    (shop.folder / "other.pub").write_bytes(public_pem(STRANGER))
    shop.anchors["other"] = {"type": "key", "pem": "other.pub"}
    shop.signers.append({"anchor": "other"})
    return _second(shop, key_signer(STRANGER))


def _other_model(shop: Workshop) -> Verdict:
    shop.rule["name"] = "another"
    shop.sign()
    return shop.verify()


def _pinned(shop: Workshop) -> Verdict:
    shop.rule["root_digest"] = "sha256:" + "0" * 64
    shop.sign()
    return shop.verify()


def _older(at: datetime | None) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        shop.rule["signed_after"] = "2026-05-01"
        shop.anchors["release"]["tsa"] = ["tsa.pem"]
        shop.sign(timestamp=(lambda made: TSA.stamp(made, at)) if at else None)
        return shop.verify()

    return do


def _locked(shop: Workshop) -> Verdict:
    shop.rule["lock"] = "mlsec.lock"
    shop.sign()
    lock.record_digest(shop.folder / "mlsec.lock", "model", shop.verify().root_digest)
    shop.write("config.json", b'{"other": 1}')
    shop.sign()
    return shop.verify()


def _denied_version(shop: Workshop) -> Verdict:
    shop.sign()
    shop.deny["root_digests"] = [shop.verify().root_digest]
    return shop.verify()


def _denied_key(shop: Workshop) -> Verdict:
    shop.sign()
    [signature] = shop.verify().signatures
    assert signature.signer is not None
    shop.deny["fingerprints"] = [signature.signer.key_fingerprint]
    return shop.verify()


def _denied_certificate(shop: Workshop) -> Verdict:
    digest = hashlib.sha256(ALICE.der).hexdigest()
    shop.deny["fingerprints"] = [f"sha256:{digest}"]
    return _by(ALICE)(shop)


def _crl(
    *revoked: Holder, reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
    until: datetime = NOW + DAY, issuer: Holder = CORP,
) -> Callable[[Workshop], Verdict]:  # fmt: skip
    """Signed by Alice, and a revocation list in the policy."""

    def do(shop: Workshop) -> Verdict:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(CORP.certificate.subject)
            .last_update(NOW - 9 * DAY)
            .next_update(until)
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            entry = entry.revocation_date(NOW - DAY).add_extension(x509.CRLReason(reason), False)
            builder = builder.add_revoked_certificate(entry.build())
        made = builder.sign(issuer.key, hashes.SHA256())
        (shop.folder / "corp.crl").write_bytes(made.public_bytes(Encoding.DER))
        shop.anchors["corp"] |= {"crls": ["corp.crl"], "tsa": ["tsa.pem"]}
        stamp = (lambda made: TSA.stamp(made, NOW - 9 * DAY)) if revoked else None
        shop.sign(certificate_signer(), timestamp=stamp)
        return shop.verify()

    return do


def _window(**valid: str) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        shop.anchors["release"]["valid"] = valid
        shop.sign()
        return shop.verify()

    return do


def _stranger(shop: Workshop) -> Verdict:
    shop.sign(key_signer(STRANGER))
    return shop.verify()


_TIME, _PATH, _NAMED = "certificate/valid-then", "certificate/leads-to-anchor", "signer/named"
_STAMP, _REVOKED = "timestamp/trusted", "certificate/not-revoked"
_OTHER_ROOT = issue("corp root")
_BETWEEN = issue("corp intermediate", CORP)
TRUST_ATTACKS = (
    Attack(row=12, name="expired", do=_by(_OLD), fails=_TIME),
    Attack(row=12, name="not yet valid", do=_by(_leaf(start=NOW + DAY)), fails=_TIME),
    Attack(row=12, name="expired between", fails=_PATH,
           do=_by(_leaf(issuer=_OLD_AUTHORITY), _OLD_AUTHORITY)),
    Attack(row=12, name="good, with one between", do=_by(_leaf(issuer=_BETWEEN), _BETWEEN)),
    Attack(row=13, name="expired, but stamped in time", do=_stamped(TSA, NOW - 9 * DAY)),
    Attack(row=13, name="stamped by a stranger", fails=_TIME,
           do=_stamped(TimestampMaker("other"), NOW - 9 * DAY)),
    Attack(row=13, name="stamp over other data", fails=_TIME,
           do=_stamped(TSA, NOW - 9 * DAY, over=b"other")),
    Attack(row=13, name="stamped after it expired", fails=_TIME,
           do=_stamped(TSA, NOW - DAY + timedelta(hours=1))),
    Attack(row=13, name="stamped in the future", fails=_STAMP,
           do=_stamped(TSA, NOW + 30 * DAY, ALICE)),
    Attack(row=13, name="stamp but no authority in the policy", fails=_TIME,
           do=_stamp_nobody_asked_for),
    Attack(row=13, name="no stamp where one is required", fails="timestamp/present",
           do=_stamp_required),
    Attack(row=14, name="server's certificate", fails="certificate/for-code-signing",
           do=_by(_leaf(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)))),
    Attack(row=14, name="e-mail certificate", fails="certificate/for-code-signing",
           do=_by(_leaf(purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)))),
    Attack(row=14, name="certificate without a purpose", fails="certificate/for-code-signing",
           do=_by(_leaf(purposes=()))),
    Attack(row=14, name="authority's certificate", fails="certificate/no-authority",
           do=_by(_leaf(is_ca=True))),
    Attack(row=15, name="somebody else under the same authority", fails=_NAMED,
           do=_by(_leaf("mallory"))),
    Attack(row=15, name="another authority of the same name", fails=_PATH,
           do=_by(_leaf(issuer=_OTHER_ROOT), _OTHER_ROOT)),
    Attack(row=15, name="leaf that issues", fails=_PATH, do=_by(_leaf(issuer=ALICE), ALICE)),
    Attack(row=15, name="self-signed", fails=_PATH,
           do=_by(issue("alice", is_ca=False, purposes=CODE))),
    Attack(row=16, name="longer name", fails=_NAMED, do=_by(_leaf("alice2"))),
    Attack(row=16, name="name in another case", fails=_NAMED, do=_by(_leaf("Alice"))),
    Attack(row=16, name="look-alike letters", fails=_NAMED, do=_by(_leaf("\u0430lice"))),
    Attack(row=16, name="pattern that fits a part", fails=_NAMED, do=_pattern),
    Attack(row=16, name="name of another kind", fails=_NAMED, do=_as({"email": "alice"})),
    Attack(row=18, name="two in a Sigstore bundle", fails="signature/readable",
           do=_two_in_an_envelope),
    Attack(row=18, name="second in a bare envelope", fails="signature/every-one-holds",
           do=_bare_envelope),
    Attack(row=18, name="second file by a stranger", fails="signature/every-one-holds",
           do=lambda shop: _second(shop, key_signer(STRANGER))),
    Attack(row=18, name="one key for a threshold of two", fails="signature/enough-signers",
           do=_threshold_of_one_key),
    Attack(row=18, name="threshold met by two keys", do=_threshold_met),
    Attack(row=21, name="another model", fails="policy/name", do=_other_model),
    Attack(row=21, name="another version than pinned", fails="policy/root-digest", do=_pinned),
    Attack(row=21, name="signed too early", fails="policy/signed-after", do=_older(NOW - 60 * DAY)),
    Attack(row=21, name="nobody says when", fails="policy/signed-after", do=_older(None)),
    Attack(row=21, name="signed late enough", do=_older(NOW - DAY)),
    Attack(row=21, name="another version than the first", fails="policy/lock", do=_locked),
    Attack(row=21, name="version on the deny list", fails="policy/not-denied", do=_denied_version),
    Attack(row=22, name="revoked", do=_crl(ALICE), fails=_REVOKED),
    Attack(row=22, name="superseded after it was stamped",
           do=_crl(ALICE, reason=x509.ReasonFlags.superseded)),
    Attack(row=22, name="not on the list", do=_crl()),
    Attack(row=22, name="list out of date", do=_crl(until=NOW - DAY), notes=_REVOKED),
    Attack(row=22, name="list by a stranger", do=_crl(issuer=_OTHER_ROOT), notes=_REVOKED),
    Attack(row=22, name="key retired", fails="key/valid-then", do=_window(to="2026-05-01")),
    Attack(row=22, name="key not yet in use", fails="key/valid-then",
           do=_window(**{"from": "2026-07-01"})),
    Attack(row=22, name="key on the deny list", fails="signer/not-denied", do=_denied_key),
    Attack(row=22, name="certificate on the deny list", fails="signer/not-denied",
           do=_denied_certificate),
    Attack(row=22, name="key nobody named", fails="signature/valid", do=_stranger),
)  # fmt: skip
