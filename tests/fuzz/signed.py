"""What the fuzzing of the signing side starts from: good documents of every kind, just signed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from mlsec.signing.oci.descriptor import Descriptor
from mlsec.signing.oci.simple_signing import SimpleSigning, read_simple_signing
from tests.signing.make_cose import cose_envelope
from tests.signing.make_fulcio import SIGNED_AT
from tests.signing.make_notary import NotaryMaker
from tests.signing.make_oci import cosign_annotations, key_annotations, simple_signing
from tests.signing.make_sigstore import (
    KINDS_OF_ENVELOPES,
    KINDS_OF_MESSAGES,
    SigstoreMaker,
    pem_of,
    public_pem,
)
from tests.signing.make_timestamp import TimestampMaker
from tests.signing.test_policy import SMALL, WHOLE
from tests.signing.test_provenance import v1

AT = SIGNED_AT + timedelta(days=1)
DATA = b"the bytes of a signature"
SIGSTORE = SigstoreMaker()
KEY = SIGSTORE.fulcio.certificate()
NOTARY = NotaryMaker()
TSA = TimestampMaker()
TARGET = {
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": "sha256:" + "a" * 64,
    "size": 481,
}
SIMPLE = simple_signing(TARGET["digest"])
_MANIFEST = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "model", "digest": {"sha256": "0" * 64}}],
    "predicateType": "https://model_signing/signature/v1.0",
    "predicate": {
        "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
        "resources": [
            {"name": name, "digest": digit * 64, "algorithm": "sha256"}
            for name, digit in (("a.json", "1"), ("b/c.bin", "2"))
        ],
    },
}


def _dumped(documents: Iterable[Any]) -> tuple[bytes, ...]:
    return tuple(json.dumps(one).encode() for one in documents)


@cache
def sigstore_bundles() -> tuple[dict[str, Any], ...]:
    """One of each kind of log entry."""
    return (
        *(SIGSTORE.envelope_bundle(kind=kind) for kind in KINDS_OF_ENVELOPES),
        *(SIGSTORE.message_bundle(kind=kind) for kind in KINDS_OF_MESSAGES),
    )


def bundles() -> Sequence[bytes]:
    """Bundles as they are, one without anything around its envelope, and two in one file."""
    found = _dumped(sigstore_bundles())
    bare = json.dumps(sigstore_bundles()[0]["dsseEnvelope"]).encode()
    return (*found, bare, found[0] + b"\n" + found[1])


def statements() -> Sequence[bytes]:
    """A model's manifest in whole files and in parts, and where a model was built."""
    parts = json.loads(json.dumps(_MANIFEST))
    parts["predicate"]["serialization"] |= {"method": "shards", "shard_size": 10}
    for one in parts["predicate"]["resources"]:
        one["name"] += ":0:10"
    return _dumped((_MANIFEST, parts, v1()))


def certificates() -> Sequence[bytes]:
    """Of Fulcio, of a Notary signer, of a timestamp authority."""
    others = (NOTARY.certificate, NOTARY.root.certificate, TSA.leaf.certificate)
    return (KEY.der, *(one.public_bytes(Encoding.DER) for one in others))


def pems() -> Sequence[bytes]:
    """One certificate, and a chain."""
    one = pem_of(KEY)
    return (one, one + NOTARY.root.certificate.public_bytes(Encoding.PEM))


def public_keys() -> Sequence[bytes]:
    """A key as its file has it."""
    return (public_pem(KEY),)


def stamps() -> Sequence[bytes]:
    """Answers of an authority, with and without its certificate."""
    return tuple(TSA.stamp(DATA, AT, is_embedded=is_in) for is_in in (True, False))


def tokens() -> Sequence[bytes]:
    """The signed data in them."""
    return (*stamps(), *(stamp[stamp.index(b"\x30\x82", 9) :] for stamp in stamps()))


def trusted_roots() -> Sequence[bytes]:
    """A trusted root, and a client's configuration around it."""
    root = SIGSTORE.trusted_root()
    kind = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
    return _dumped((root, {"mediaType": kind, "trustedRoot": root, "signingConfig": {}}))


def checkpoints() -> Sequence[bytes]:
    """Of both generations of logs."""
    return tuple(log.checkpoint().encode() for log in SIGSTORE.logs.values())


def jws() -> Sequence[bytes]:
    """Notary envelopes, with a timestamp and without."""
    return _dumped((NOTARY.envelope(TARGET), NOTARY.envelope(TARGET, is_stamped=True)))


def cose() -> Sequence[bytes]:
    """The same as COSE."""
    return (cose_envelope(NOTARY, TARGET),)


def annotations() -> Sequence[bytes]:
    """What cosign writes beside a signature, by key and by certificate."""
    bundle = SIGSTORE.message_bundle(artifact=SIMPLE)
    return _dumped((key_annotations(b"x" * 70), cosign_annotations(bundle, pem_of(KEY).decode())))


def policies() -> Sequence[bytes]:
    """Every word of a trust policy, and a short one."""
    return (WHOLE.encode(), SMALL.encode())


def read_payload(data: bytes) -> SimpleSigning:
    """Read the text that cosign signs."""
    notes = key_annotations(b"x" * 70)
    layer = Descriptor(media_type="x", digest=TARGET["digest"], size=1, annotations=notes)
    return read_simple_signing(layer, data)
