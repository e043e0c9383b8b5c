"""Sigstore's trusted_root.json: the trusted authorities and logs, with their validity."""

from __future__ import annotations

import msgspec

from mlsec.signing.certificates.certificate import Authority, read_certificate
from mlsec.signing.encodings.json_fields import JsonFields, read_json
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.errors import MalformedError
from mlsec.signing.sigstore.log_keys import LogKey

MAX_ROOTS = 16
MAX_EACH = 64
MAX_CHAIN = 8
_LIMITS = JsonLimits(size_bytes=4 << 20, depth=16, values=100_000)
_TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_MEDIA_TYPES = frozenset(
    {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)


class TrustedRoot(msgspec.Struct, frozen=True, kw_only=True):
    """One Sigstore instance: Fulcio's authorities, its logs, and who may say the time.

    An instance without transparency logs (GitHub's for private repositories) proves the time of
    signing by timestamp authorities alone.
    """

    authorities: tuple[Authority, ...]
    logs: tuple[LogKey, ...]
    certificate_logs: tuple[LogKey, ...]
    timestamp_authorities: tuple[Authority, ...]


def read_trusted_roots(data: bytes) -> tuple[TrustedRoot, ...]:
    """Read a trusted root, a client trust config around one, or one root a line (``.jsonl``).

    Raises:
        MalformedError: not strict JSON, an unknown media type, a missing or wrong field, a key or
            authority without the start of its validity, an authority without certificates.
    """
    if len(data) > _LIMITS.size_bytes:
        raise MalformedError(f"trusted root larger than {_LIMITS.size_bytes} bytes")
    lines = [line.strip() for line in data.splitlines() if line.strip()]
    # One document may be spread over lines; in a file of several, each line is a whole object.
    is_one_each = len(lines) > 1 and all(line[:1] + line[-1:] == b"{}" for line in lines)
    documents = lines if is_one_each else [data]
    if len(documents) > MAX_ROOTS:
        raise MalformedError(f"more than {MAX_ROOTS} trusted roots in one file")
    return tuple(_root(document) for document in documents)


def _root(document: bytes) -> TrustedRoot:
    root = read_json(document, "trusted root", _LIMITS)
    if root.text("mediaType") == _TRUST_CONFIG:
        root = root.object("trustedRoot")
    if root.text("mediaType") not in _MEDIA_TYPES:
        raise MalformedError("the trusted root is of an unknown version (known: 0.1 and 0.2)")
    trusted = TrustedRoot(
        authorities=_authorities(root, "certificateAuthorities"),
        logs=_logs(root, "tlogs"),
        certificate_logs=_logs(root, "ctlogs"),
        timestamp_authorities=_authorities(root, "timestampAuthorities"),
    )
    if not trusted.logs and not trusted.timestamp_authorities:
        raise MalformedError("the trusted root names neither a log nor a timestamp authority")
    return trusted


def _logs(root: JsonFields, name: str) -> tuple[LogKey, ...]:
    return tuple(_log(log) for log in root.objects(name, MAX_EACH))


def _log(log: JsonFields) -> LogKey:
    if log.text_or("hashAlgorithm", "SHA2_256") != "SHA2_256":
        raise MalformedError(f"{log.where} does not hash with SHA-256")
    key = log.object("publicKey")
    valid = key.object("validFor")
    # Logs of the second generation are named by their checkpoint key where that differs.
    named = log.object("logId" if log.has("logId") else "checkpointKeyId")
    return LogKey(
        base_url=log.text_or("baseUrl"),
        key_id=named.data("keyId"),
        kind=key.text("keyDetails"),
        encoded=key.data("rawBytes"),
        start=valid.time("start"),
        end=valid.time("end") if valid.has("end") else None,
    )


def _authorities(root: JsonFields, name: str) -> tuple[Authority, ...]:
    return tuple(_authority(authority) for authority in root.objects(name, MAX_EACH))


def _authority(authority: JsonFields) -> Authority:
    listed = authority.object("certChain").objects("certificates", MAX_CHAIN)
    if not listed:
        raise MalformedError(f"{authority.where} has no certificates")
    valid = authority.object("validFor")
    return Authority(
        chain=tuple(read_certificate(certificate.data("rawBytes")) for certificate in listed),
        start=valid.time("start"),
        end=valid.time("end") if valid.has("end") else None,
        name=authority.text_or("uri"),
    )
