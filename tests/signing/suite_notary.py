"""The JWS envelopes that notation-go is tested with, and the same with one letter changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsec.signing.anchors import read_certificates
from mlsec.signing.certificates import Authority, read_certificate
from mlsec.signing.errors import SigningError
from mlsec.signing.identities import IdentityRule
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_envelope import Scheme, read_notary_envelope
from mlsec.signing.verdict import IdentityType
from tests.signing.suite import Case, folders_with
from tests.signing.suite_sigstore import reasons

_VALID = {
    "internal/mock/testdata/ca_valid_sig_env.json",
    "internal/mock/testdata/sa_valid_sig_env.json",
    "internal/testdata/jws_signature.sig",
    "verifier/testdata/timestamp/sigEnv/jwsWithTimestamp.sig",
    "verifier/testdata/timestamp/sigEnv/jwsExpiredWithTimestamp.sig",
    "verifier/testdata/timestamp/sigEnv/withoutTimestamp.sig",
}
# Certificates of these fixtures have run out since, or their timestamps are all that holds them.
_NOW = {
    "withoutTimestamp.sig": datetime(2024, 7, 1, tzinfo=UTC),
    "jwsWithTimestamp.sig": datetime(2024, 7, 1, tzinfo=UTC),
}


def cases(root: Path) -> Iterator[Case]:
    """Every JWS envelope, its own last certificate as anchor; plugins count as "not accepted"."""
    for found in folders_with(root, "verifier/testdata/timestamp/sigEnv"):
        paths = [*found.rglob("testdata/**/*.json"), *found.rglob("testdata/**/*.sig")]
        tsa = found / "verifier/testdata/truststore/x509/tsa/test-timestamp/globalsignRoot.cer"
        for path in sorted(paths):
            envelope = _envelope(path)
            if envelope is None:
                continue
            name = path.relative_to(found).as_posix()
            authority = Authority(chain=read_certificates(tsa.read_bytes()))
            yield _case(name, envelope, authority, should_accept=name in _VALID)
            for field in ("payload", "protected", "signature"):
                text = envelope[field]
                letter = "B" if text[40] == "A" else "A"
                changed = {**envelope, field: text[:40] + letter + text[41:]}
                yield _case(f"{name}, {field} changed", changed, authority, should_accept=False)


def _envelope(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return None
    return found if isinstance(found, dict) and "protected" in found else None


def _case(
    name: str, envelope: dict[str, Any], authority: Authority, *, should_accept: bool
) -> Case:
    accepted, why = False, ""
    try:
        accepted, why = _judge(name, json.dumps(envelope).encode(), authority)
    except SigningError as error:
        why = str(error)
    return Case(
        suite="notation-go JWS envelopes",
        name=name,
        should_accept=should_accept,
        accepted=accepted,
        why=why,
    )


def _judge(name: str, data: bytes, authority: Authority) -> tuple[bool, str]:
    read = read_notary_envelope(data)
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
