"""Attacks 6, 9 to 11, 19, 20, 23 and 24: encodings, types, digests, and what is too much."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.signatures import legacy
from mlsec.signing.signer.sign import SigningOptions
from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.attack import Attack
from tests.signing.bend import after, entries, stating
from tests.signing.workshop import FILES, Workshop


def _duplicate_key(shop: Workshop) -> Verdict:
    shop.sign()
    payload = json.dumps(shop.statement()).encode()
    doubled = payload.replace(b'"predicate":', b'"predicateType": "x", "predicate":')
    shop.sign_statement(doubled)
    return shop.verify()


def _duplicate_in_the_bundle(shop: Workshop) -> None:
    text = shop.signature.read_bytes()
    shop.put(text.replace(b'"mediaType"', b'"mediaType":"x","mediaType"', 1))


def _sloppy_base64(shop: Workshop) -> None:
    bundle = shop.bundle()
    signature = bundle["dsseEnvelope"]["signatures"][0]
    signature["sig"] = signature["sig"][:8] + "\n!" + signature["sig"][8:]
    shop.put(bundle)


def _payload_type(shop: Workshop) -> Verdict:
    shop.sign()
    shop.sign_statement(shop.statement(), payload_type="application/json")
    return shop.verify()


def _of_type(**fields: str) -> Callable[[Workshop], Verdict]:
    return stating(lambda statement: statement.update(fields))


def _legacy_statement(shop: Workshop) -> dict[str, Any]:
    shop.sign()
    subjects = [
        {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}
        for name, data in sorted(FILES.items())
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://model_signing/Digests/v0.1",
        "predicate": {"unused": "x"},
    }


def _old_form(shop: Workshop) -> Verdict:
    shop.sign_statement(_legacy_statement(shop))
    return shop.verify()


def _old_form_allowed(shop: Workshop) -> Verdict:
    shop.defaults["legacy"] = True
    return _old_form(shop)


def _old_encoding(shop: Workshop) -> Verdict:
    def encode(kind: str, payload: bytes) -> bytes:
        return legacy.legacy_encoding(Envelope(payload=payload, payload_type=kind, signatures=()))

    shop.sign()
    shop.sign_statement(shop.statement(), encode=encode)
    return shop.verify()


def _old_encoding_allowed(shop: Workshop) -> Verdict:
    shop.defaults["legacy"] = True
    return _old_encoding(shop)


def _hashed_with(name: str, digits: int) -> Callable[[dict[str, Any]], None]:
    def change(statement: dict[str, Any]) -> None:
        statement["predicate"]["serialization"]["hash_type"] = name
        for one in entries(statement):
            one.update(algorithm=name, digest=one["digest"][:digits])

    return change


def _mixed(statement: dict[str, Any]) -> None:
    entries(statement)[0].update(algorithm="blake2b", digest="00" * 64)


def _truncated(statement: dict[str, Any]) -> None:
    entries(statement)[0]["digest"] = entries(statement)[0]["digest"][:32]


def _root_downgrade(shop: Workshop) -> Verdict:
    shop.sign()
    statement = shop.statement()
    statement["subject"][0]["digest"] = {"md5": "00" * 16}
    shop.sign_statement(statement)
    return shop.verify()


def _deep(shop: Workshop) -> None:
    shop.put(b'{"mediaType":' + b"[" * 200_000)


def _huge(shop: Workshop) -> Verdict:
    shop.defaults["limits"] = {"bundle_mb": 1}
    shop.sign()
    shop.put(b" " * (1 << 20) + shop.signature.read_bytes())
    return shop.verify()


def _long_chain(shop: Workshop) -> None:
    bundle = shop.bundle()
    chain = [{"rawBytes": base64.b64encode(b"0" * 100).decode()}] * 1000
    bundle["verificationMaterial"] = {"x509CertificateChain": {"certificates": chain}}
    shop.put(bundle)


def _as_is(text: bytes) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        shop.put(text)
        return shop.verify(shop.signature)

    return do


def _wrong_types(shop: Workshop) -> None:
    bundle = shop.bundle()
    bundle["dsseEnvelope"]["signatures"] = {"sig": 7}
    shop.put(bundle)


def _in_parts(label: str) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        shop.sign(how=SigningOptions(shard_bytes=64))
        statement = shop.statement()
        for one in entries(statement):
            one["algorithm"] = label
        shop.sign_statement(statement)
        return shop.verify()

    return do


def _colon(shop: Workshop) -> Verdict:
    shop.write("a:0:1.bin", b"x" * 200)
    shop.sign(how=SigningOptions(shard_bytes=64))
    return shop.verify()


def _blake2b(shop: Workshop) -> Verdict:
    shop.sign(how=SigningOptions(hash_name="blake2b"))
    return shop.verify()


def _hostile_name(shop: Workshop) -> None:
    shop.write("\x1b[2J<script>alert(1)</script>\u202e.bin", b"x")


_UNREADABLE, _ABOUT = "signature/readable", "statement/about-a-model"
FORM_ATTACKS = (
    Attack(row=6, name="duplicate key in the payload", fails="statement/readable",
           do=_duplicate_key),
    Attack(row=6, name="duplicate key in the bundle", fails=_UNREADABLE,
           do=after(_duplicate_in_the_bundle)),
    Attack(row=6, name="sloppy base64", fails=_UNREADABLE, do=after(_sloppy_base64)),
    Attack(row=9, name="payload type", fails="statement/payload-type", do=_payload_type),
    Attack(row=9, name="statement type", fails="statement/type",
           do=_of_type(_type="https://in-toto.io/Statement/v0.1")),
    Attack(row=9, name="predicate type", fails=_ABOUT,
           do=_of_type(predicateType="https://slsa.dev/provenance/v1")),
    Attack(row=10, name="form of before v1.0", fails=_ABOUT, do=_old_form),
    Attack(row=10, name="encoding of before v1.0", fails="signature/valid", do=_old_encoding),
    Attack(row=10, name="old form where the policy takes it", notes="statement/current-form",
           do=_old_form_allowed),
    Attack(row=10, name="old encoding where the policy takes it",
           notes="signature/current-encoding", do=_old_encoding_allowed),
    Attack(row=11, name="MD5", fails=_ABOUT, do=stating(_hashed_with("md5", 32))),
    Attack(row=11, name="SHA-1", fails=_ABOUT, do=stating(_hashed_with("sha1", 40))),
    Attack(row=11, name="mixed hashes", fails=_ABOUT, do=stating(_mixed)),
    Attack(row=11, name="digest cut short", fails=_ABOUT, do=stating(_truncated)),
    Attack(row=11, name="root digest of another hash", fails="statement/root-digest",
           do=_root_downgrade),
    Attack(row=19, name="200,000 levels deep", fails=_UNREADABLE, do=after(_deep)),
    Attack(row=19, name="larger than the cap", fails=_UNREADABLE, do=_huge),
    Attack(row=19, name="a thousand certificates", fails=_UNREADABLE, do=after(_long_chain)),
    *(
        Attack(row=20, name=f"bundle {text[:20]!r}", fails=_UNREADABLE,
               do=_as_is(text))
        for text in (b"", b"null", b"[]", b"7", b"{}", b'{"mediaType": 7}', b"\xff\xfe", b"{" * 9)
    ),
    Attack(row=20, name="fields of other types", fails=_UNREADABLE, do=after(_wrong_types)),
    Attack(row=23, name="plain label of a shard", do=_in_parts("sha256")),
    Attack(row=23, name="label with the size of a shard", do=_in_parts("sha256-sharded-64")),
    Attack(row=23, name="label with another size", do=_in_parts("sha256-sharded-65"), fails=_ABOUT),
    Attack(row=23, name="colons in a name", do=_colon),
    Attack(row=23, name="BLAKE2b", do=_blake2b),
    Attack(row=24, name="control characters in an extra name", fails="files/all-signed",
           do=after(_hostile_name)),
)  # fmt: skip
