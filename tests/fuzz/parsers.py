"""A target for each parser of the signing side: any bytes give a value or an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mlsec.core.errors import MlsecError
from mlsec.signing.bundles.bundle_reader import parse_bundles
from mlsec.signing.certificates.certificate import read_certificate, read_certificates
from mlsec.signing.certificates.identities import identities_of
from mlsec.signing.certificates.revocation import read_revocation_list
from mlsec.signing.encodings.cbor import loads as loads_cbor
from mlsec.signing.encodings.strict_json import loads
from mlsec.signing.keys.public_keys import load_public_key
from mlsec.signing.manifests.manifest import manifest_of
from mlsec.signing.manifests.statement import parse_statement
from mlsec.signing.models.discovery import may_be_bundle
from mlsec.signing.oci.descriptor import Descriptor
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import read_notary_envelope
from mlsec.signing.oci.simple_signing import read_simple_signing
from mlsec.signing.provenance.slsa import read_provenance
from mlsec.signing.sigstore.checkpoint import read_checkpoint
from mlsec.signing.sigstore.fulcio import fulcio_signer
from mlsec.signing.sigstore.trusted_root import read_trusted_roots
from mlsec.signing.timestamps.request import check_answer, timestamp_request
from mlsec.signing.timestamps.token import read_timestamp
from mlsec.signing.trust.policy_loader import policy_of
from mlsec.signing.verification.signed_statement import read_signed_statement
from tests.fuzz import signed
from tests.fuzz.documents import mutate_document
from tests.fuzz.pieces import mutate_text
from tests.fuzz.target import Mutate, Target
from tests.fuzz.trees import mutate_der

NONCE = b"\x01" * 8
_POLICY = Path("/trust/trust.yaml")


def _parses(read: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    """Read, and take only an error that the callers expect."""

    def one(data: bytes) -> None:
        with suppress(MlsecError):
            read(data)

    return one


def _statement(data: bytes) -> None:
    found = parse_statement(data)
    manifest_of(found.predicate, may_have_more=True, may_be_dot=True)


def _bundle(data: bytes) -> None:
    """Whatever is a bundle looks like one: a folder is searched for those that do."""
    is_like_one = may_be_bundle(data)
    parse_bundles(data)
    assert is_like_one


def _signed_statement(data: bytes) -> None:
    key = next(iter(signed.public_keys()))
    read_signed_statement(data, key, now=signed.AT)


def _certificate(data: bytes) -> None:
    found = read_certificate(data)
    identities_of(found)
    fulcio_signer(found)


def _json(data: bytes) -> None:
    """What is taken must mean the same to Python's own parser."""
    assert loads(data) == json.loads(data)


def _annotations(data: bytes) -> None:
    """cosign's annotations are JSON that somebody else wrote, names and values both text."""
    notes = json.loads(data) if data.startswith(b"{") else {}
    if isinstance(notes, dict) and all(isinstance(one, str) for one in notes.values()):
        layer = Descriptor(media_type="x", digest="sha256:" + "0" * 64, size=1, annotations=notes)
        read_simple_signing(layer, signed.SIMPLE)


def _annotations_or_none(data: bytes) -> None:
    with suppress(ValueError, RecursionError):  # ours to catch: the target reads the JSON itself
        _annotations(data)


def _crl(at: datetime) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signed.NOTARY.root.certificate.subject)
        .last_update(at)
        .next_update(at.replace(year=at.year + 1))
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(7).revocation_date(at).build()
        )
    )
    return builder.sign(signed.NOTARY.root.key, hashes.SHA256()).public_bytes(Encoding.PEM)


PARSERS: dict[str, tuple[Callable[[bytes], Any], Callable[[], Iterable[bytes]]]] = {
    "bundle": (_bundle, signed.bundles),
    "statement": (_statement, signed.statements),
    "signed-statement": (_signed_statement, signed.bundles),
    "provenance": (read_provenance, signed.statements),
    "json": (_json, signed.statements),
    "certificate": (_certificate, signed.certificates),
    "certificates-pem": (read_certificates, signed.pems),
    "public-key": (load_public_key, signed.public_keys),
    "revocation-list": (read_revocation_list, lambda: (_crl(signed.AT),)),
    "token": (read_timestamp, signed.tokens),
    "timestamp": (read_timestamp, signed.stamps),
    "timestamp-answer": (lambda data: check_answer(data, signed.DATA, NONCE), signed.stamps),
    "trusted-root": (read_trusted_roots, signed.trusted_roots),
    "checkpoint": (
        lambda data: read_checkpoint(data.decode("utf-8", "replace")),
        signed.checkpoints,
    ),
    "notary-jws": (read_notary_envelope, signed.jws),
    "notary-cose": (read_notary_cose, signed.cose),
    "cbor": (lambda data: loads_cbor(data, "x"), signed.cose),
    "cosign-annotations": (_annotations_or_none, signed.annotations),
    "cosign-payload": (signed.read_payload, lambda: (signed.SIMPLE,)),
    "trust-policy": (
        lambda data: policy_of(data.decode("utf-8", "replace"), _POLICY),
        signed.policies,
    ),
    "timestamp-request": (lambda data: timestamp_request(data, NONCE), lambda: (signed.DATA,)),
}

_MUTATES: dict[str, Mutate] = {
    **dict.fromkeys(
        """bundle statement provenance json trusted-root notary-jws cosign-annotations
        cosign-payload""".split(),  # noqa: SIM905
        mutate_document,
    ),
    **dict.fromkeys(("certificate", "token", "timestamp", "timestamp-answer"), mutate_der),
    **dict.fromkeys(("checkpoint", "trust-policy"), mutate_text),
}

PARSER_TARGETS = tuple(
    Target(name=name, read=_parses(read), seeds=seeds, mutate=_MUTATES.get(name))
    for name, (read, seeds) in PARSERS.items()
)
