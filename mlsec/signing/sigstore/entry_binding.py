"""Checks that a log entry records the signature, the signer's key and the content of a bundle."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from mlsec.signing.bundles import dsse
from mlsec.signing.bundles.bundle import Envelope, LogEntry
from mlsec.signing.encodings.json_fields import JsonFields, read_json
from mlsec.signing.encodings.strict_json import JsonLimits, base64_bytes
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.keys.public_keys import PublicKey, load_public_key
from mlsec.signing.verdicts.steps import CheckFailedError

_LIMITS = JsonLimits(size_bytes=16 << 20, depth=16, values=10_000)
_PEM = re.compile(
    r"\s*-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\r?\n([A-Za-z0-9+/=\r\n]+)"
    r"-----END \1-----\s*\Z"
)
SHA2_NAMES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class SignedArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """The signature, signer and content of a bundle, to compare a log entry with.

    ``certificate`` is the signer's DER, b"" where a managed key signed. Exactly one of
    ``envelope`` and ``digests`` (hash name -> digest of the artifact) is given.
    """

    signature: bytes
    key: PublicKey
    certificate: bytes = b""
    envelope: Envelope | None = None
    digests: Mapping[str, bytes] = {}

    def digest(self, name: str) -> bytes:
        """Hash what the signature is over: the artifact, or an envelope's encoding."""
        if self.envelope is not None:
            encoded = dsse.pae(self.envelope.payload_type, self.envelope.payload)
            return hashlib.new(name, encoded).digest()
        if name not in self.digests:
            raise UnsupportedError(f"the artifact was not hashed with {name}")
        return self.digests[name]


def check_entry(entry: LogEntry, signed: SignedArtifact) -> None:
    """Check that ``entry`` is the log's record of exactly this signature.

    Raises:
        CheckFailedError: its kind, signature, key or content is another's.
        MalformedError: the body is not what its kind demands.
        UnsupportedError: a kind of entry that is not on the list.
    """
    body = read_json(entry.canonicalized_body, "log entry", _LIMITS)
    kind, version = body.text("kind"), body.text("apiVersion")
    if (kind, version) != (entry.kind_version.kind, entry.kind_version.version):
        raise CheckFailedError(
            "the log entry is of another kind than the bundle says",
            expected=f"{entry.kind_version.kind} {entry.kind_version.version}",
            actual=f"{kind} {version}",
        )
    known = _OF_ENVELOPES if signed.envelope is not None else _OF_MESSAGES
    check = known.get((kind, version))
    if check is None:
        raise UnsupportedError(f"log entries of kind {kind} {version} do not record this signature")
    check(body.object("spec"), signed)


def _hashedrekord_1(spec: JsonFields, signed: SignedArtifact) -> None:
    hashed = spec.object("data").object("hash")
    _same_content(_hex_digest(hashed), signed.digest)
    signature = spec.object("signature")
    _same_signature(signature.data("content"), signed)
    _same_key(signature.object("publicKey").data("content"), signed)


def _hashedrekord_2(spec: JsonFields, signed: SignedArtifact) -> None:
    record = spec.object("hashedRekordV002")
    _same_content(_protobuf_digest(record.object("data")), signed.digest)
    signature = record.object("signature")
    _same_signature(signature.data("content"), signed)
    _same_verifier(signature.object("verifier"), signed)


def _dsse_1(spec: JsonFields, signed: SignedArtifact) -> None:
    _same_content(_hex_digest(spec.object("payloadHash")), _payload_of(signed))
    signature = _only(spec, "signatures")
    _same_signature(signature.data("signature"), signed)
    _same_key(signature.data("verifier"), signed)


def _dsse_2(spec: JsonFields, signed: SignedArtifact) -> None:
    record = spec.object("dsseV002")
    _same_content(_protobuf_digest(record.object("payloadHash")), _payload_of(signed))
    signature = _only(record, "signatures")
    _same_signature(signature.data("content"), signed)
    _same_verifier(signature.object("verifier"), signed)


def _intoto_1(spec: JsonFields, signed: SignedArtifact) -> None:
    content = spec.object("content")
    _same_content(_hex_digest(content.object("payloadHash")), _payload_of(signed))
    _same_key(spec.data("publicKey"), signed)
    # This kind records no signature, only a hash of the envelope as it was uploaded.
    name, recorded = _hex_digest(content.object("hash"))
    spelled = _spellings(signed)
    if not any(hashlib.new(name, spelling).digest() == recorded for spelling in spelled):
        raise CheckFailedError(
            "the log entry's envelope hash fits no known spelling of the envelope"
        )


def _intoto_2(spec: JsonFields, signed: SignedArtifact) -> None:
    content = spec.object("content")
    _same_content(_hex_digest(content.object("payloadHash")), _payload_of(signed))
    envelope = content.object("envelope")
    payload_type = signed.envelope.payload_type if signed.envelope else ""
    if envelope.text("payloadType") != payload_type:
        raise CheckFailedError("the log entry records another payload type", expected=payload_type)
    signature = _only(envelope, "signatures")
    recorded = signature.data("sig")
    # Clients of this kind encoded the signature's base64 once more.
    if recorded != base64.b64encode(signed.signature):
        _same_signature(recorded, signed)
    _same_key(signature.data("publicKey"), signed)


_Check = Callable[[JsonFields, SignedArtifact], None]
_OF_MESSAGES: Mapping[tuple[str, str], _Check] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1,
    ("hashedrekord", "0.0.2"): _hashedrekord_2,
}
_OF_ENVELOPES: Mapping[tuple[str, str], _Check] = {
    ("hashedrekord", "0.0.2"): _hashedrekord_2,
    ("dsse", "0.0.1"): _dsse_1,
    ("dsse", "0.0.2"): _dsse_2,
    ("intoto", "0.0.1"): _intoto_1,
    ("intoto", "0.0.2"): _intoto_2,
}


def _only(holder: JsonFields, name: str) -> JsonFields:
    entries = holder.objects(name, 16)
    if len(entries) != 1:
        raise CheckFailedError("the log entry records another number of signatures than one")
    return entries[0]


def _payload_of(signed: SignedArtifact) -> Callable[[str], bytes]:
    payload = signed.envelope.payload if signed.envelope else b""
    return lambda name: hashlib.new(name, payload).digest()


def _hex_digest(digest: JsonFields) -> tuple[str, bytes]:
    name, text = digest.text("algorithm"), digest.text("value")
    if name not in SHA2_NAMES.values() or not re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        raise MalformedError(f"{digest.where} is not a SHA-2 digest in lower-case hex")
    return name, bytes.fromhex(text)


def _protobuf_digest(digest: JsonFields) -> tuple[str, bytes]:
    name = digest.text("algorithm")
    if name not in SHA2_NAMES:
        raise MalformedError(f"{digest.where} is not a SHA-2 digest")
    return SHA2_NAMES[name], digest.data("digest")


def _same_content(recorded: tuple[str, bytes], digest: Callable[[str], bytes]) -> None:
    actual = digest(recorded[0])
    if actual != recorded[1]:
        raise CheckFailedError(
            "the log entry records content that differs from what was signed",
            expected=f"{recorded[0]}:{recorded[1].hex()}",
            actual=f"{recorded[0]}:{actual.hex()}",
        )


def _same_signature(recorded: bytes, signed: SignedArtifact) -> None:
    if recorded != signed.signature:
        raise CheckFailedError("the log entry records another signature")


def _same_key(recorded: bytes, signed: SignedArtifact) -> None:
    """Compare a PEM certificate or public key with the signer's."""
    match = _PEM.match(recorded.decode("ascii", "replace"))
    if match is None:
        raise MalformedError("the log entry's key is not a single PEM block")
    encoded = base64_bytes("".join(match[2].split()), "the log entry's key")
    _compare(encoded, signed, is_certificate=match[1] == "CERTIFICATE")


def _same_verifier(recorded: JsonFields, signed: SignedArtifact) -> None:
    is_certificate = recorded.has("x509Certificate")
    if is_certificate == recorded.has("publicKey"):
        raise MalformedError(f"{recorded.where} needs one of x509Certificate and publicKey")
    encoded = recorded.object("x509Certificate" if is_certificate else "publicKey")
    _compare(encoded.data("rawBytes"), signed, is_certificate=is_certificate)


def _compare(encoded: bytes, signed: SignedArtifact, *, is_certificate: bool) -> None:
    if is_certificate != bool(signed.certificate):
        raise CheckFailedError(
            "the log entry records a certificate in place of a key, or the reverse"
        )
    # A key is compared once re-encoded: the same key has more than one spelling.
    actual = encoded if is_certificate else load_public_key(encoded, "the log entry's key").der
    if actual != (signed.certificate or signed.key.der):
        raise CheckFailedError("the log entry records another signer")


def _spellings(signed: SignedArtifact) -> Iterator[bytes]:
    """Return the JSON of the envelope as the usual clients upload it: Go's, and others' orders."""
    envelope = signed.envelope
    if envelope is None:
        return
    payload = base64.b64encode(envelope.payload).decode()
    sig = base64.b64encode(signed.signature).decode()
    key_id = envelope.signatures[0].key_id or ""
    for signature in ({"keyid": key_id, "sig": sig}, {"sig": sig}, {"sig": sig, "keyid": key_id}):
        listed = [signature]
        yield from map(
            _compact,
            (
                {"payloadType": envelope.payload_type, "payload": payload, "signatures": listed},
                {"payload": payload, "payloadType": envelope.payload_type, "signatures": listed},
            ),
        )


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
