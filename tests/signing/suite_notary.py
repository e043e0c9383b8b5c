"""The envelopes that notation-go is tested with, and the same with one letter or byte changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsec.signing.certificates.certificate import (
    Authority,
    read_certificate,
    read_certificates,
)
from mlsec.signing.errors import SigningError
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import Scheme, read_notary_envelope
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.verdicts.verdict import IdentityType
from tests.signing.suite import Case, folders_with
from tests.signing.suite_sigstore import reasons

_VALID = {
    "internal/mock/testdata/ca_valid_sig_env.json",
    "internal/mock/testdata/sa_valid_sig_env.json",
    "internal/testdata/jws_signature.sig",
    "verifier/testdata/timestamp/sigEnv/jwsWithTimestamp.sig",
    "verifier/testdata/timestamp/sigEnv/jwsExpiredWithTimestamp.sig",
    "verifier/testdata/timestamp/sigEnv/withoutTimestamp.sig",
    "internal/testdata/cose_signature.sig",
    "verifier/testdata/timestamp/sigEnv/coseWithTimestamp.sig",
    "verifier/testdata/timestamp/sigEnv/coseExpiredWithTimestamp.sig",
}
# Certificates of these fixtures have run out since, or their timestamps are all that holds them.
_NOW = {
    "withoutTimestamp.sig": datetime(2024, 7, 1, tzinfo=UTC),
    "jwsWithTimestamp.sig": datetime(2024, 7, 1, tzinfo=UTC),
    "coseWithTimestamp.sig": datetime(2024, 7, 1, tzinfo=UTC),
}


def cases(root: Path) -> Iterator[Case]:
    """Every envelope, its own last certificate as anchor; plugins count as "not accepted"."""
    for found in folders_with(root, "verifier/testdata/timestamp/sigEnv"):
        paths = [*found.rglob("testdata/**/*.json"), *found.rglob("testdata/**/*.sig")]
        tsa = found / "verifier/testdata/truststore/x509/tsa/test-timestamp/globalsignRoot.cer"
        for path in sorted(paths):
            data = path.read_bytes()
            name = path.relative_to(found).as_posix()
            authority = Authority(chain=read_certificates(tsa.read_bytes()))
            envelope = _envelope(data)
            is_cose = data[:1] == b"\xd2"
            if envelope is None and not is_cose:
                continue
            yield _case(name, data, authority, should_accept=name in _VALID)
            for field, changed in _changed(envelope) if envelope else _bent(data):
                title = f"{name}, {field} changed"
                yield _case(title, changed, authority, should_accept=False)


def _changed(envelope: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for field in ("payload", "protected", "signature"):
        text = envelope[field]
        letter = "B" if text[40] == "A" else "A"
        changed = {**envelope, field: text[:40] + letter + text[41:]}
        yield field, json.dumps(changed).encode()


def _bent(data: bytes) -> Iterator[tuple[str, bytes]]:
    """One bit of the protected header, and one of the signature, which comes last."""
    for place in (40, len(data) - 5):
        yield f"byte {place}", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _envelope(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "protected" in found else None


def _case(name: str, data: bytes, authority: Authority, *, should_accept: bool) -> Case:
    accepted, why = False, ""
    try:
        accepted, why = _judge(name, data, authority)
    except SigningError as error:
        why = str(error)
    return Case(
        suite="notation-go envelopes",
        name=name,
        should_accept=should_accept,
        accepted=accepted,
        why=why,
    )


def _judge(name: str, data: bytes, authority: Authority) -> tuple[bool, str]:
    read = read_notary_envelope(data) if data[:1] == b"{" else read_notary_cose(data)
    chain = [read_certificate(each) for each in read.certificates]
    subject = chain[0].subject.rfc4514_string()
    file = name.rpartition("/")[2].partition(",")[0]
    trust = NotaryTrust(
        roots=(chain[-1],),
        identity=IdentityRule(value=subject, type=IdentityType.SUBJECT),
        now=_NOW.get(file, datetime.now(UTC)),
        authorities=(authority,),
        may_vouch_for_time=read.scheme is Scheme.SIGNING_AUTHORITY,
    )
    verdict = verify_notary(read, trust)
    return verdict.is_good, reasons(verdict)
