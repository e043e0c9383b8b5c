"""Attacks 16 and 17 on Sigstore signatures of a model; bundles alone have other tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography import x509

from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.attack import Attack
from tests.signing.make_fulcio import IDENTITY, ISSUER
from tests.signing.make_sigstore import KINDS_OF_ENVELOPES, SigstoreMaker
from tests.signing.make_timestamp import Holder
from tests.signing.workshop import Workshop

_INSTANCE = SigstoreMaker()
_OTHER = SigstoreMaker()
Json = dict[str, Any]


def _payload(shop: Workshop) -> bytes:
    shop.sign()
    return base64.b64decode(shop.bundle()["dsseEnvelope"]["payload"])


def _ready(shop: Workshop, root: Json | None = None) -> None:
    text = json.dumps(root or _INSTANCE.trusted_root())
    (shop.folder / "root.json").write_text(text)
    shop.anchors["public"] = {"type": "sigstore", "trusted_root": "root.json"}
    shop.signers.append({"anchor": "public", "issuer": ISSUER, "identity": IDENTITY})


def _signed(
    bend: Callable[[Json], object] = lambda _: None,
    holder: Callable[[], Holder] | None = None,
    maker: SigstoreMaker = _INSTANCE,
    kind: tuple[str, str] = KINDS_OF_ENVELOPES[0],
    **signer: str,
) -> Callable[[Workshop], Verdict]:
    """A model signed through Sigstore, and the bundle bent before it is verified."""

    def do(shop: Workshop) -> Verdict:
        _ready(shop)
        shop.signers[-1].update(signer)
        made = holder() if holder else None
        bundle = maker.envelope_bundle(made, payload=_payload(shop), kind=kind)
        bend(bundle)
        shop.put(bundle)
        return shop.verify()

    return do


def _named(name: str, issuer: str = ISSUER) -> Callable[[], Holder]:
    uri = x509.UniformResourceIdentifier(name)
    return lambda: _INSTANCE.fulcio.certificate(name=uri, issuer=issuer)


def _entry(bundle: Json) -> Json:
    return bundle["verificationMaterial"]["tlogEntries"][0]  # type: ignore[no-any-return]


def _proof_of_another(bundle: Json) -> None:
    _entry(bundle)["inclusionProof"]["rootHash"] = base64.b64encode(b"\x00" * 32).decode()


def _promise_changed(bundle: Json) -> None:
    _entry(bundle)["integratedTime"] = str(int(_entry(bundle)["integratedTime"]) + 60)


def _entry_of_another(bundle: Json) -> None:
    """A good entry of the same log and signer, about something else."""
    other = _INSTANCE.envelope_bundle()
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]


def _without_entry(bundle: Json) -> None:
    bundle["verificationMaterial"]["tlogEntries"] = []


def _pattern(pattern: str) -> Callable[[Workshop], Verdict]:
    def do(shop: Workshop) -> Verdict:
        _ready(shop)
        del shop.signers[-1]["identity"]
        shop.signers[-1]["identity_regex"] = pattern
        shop.put(_INSTANCE.envelope_bundle(payload=_payload(shop)))
        return shop.verify()

    return do


_LOOK_ALIKE = IDENTITY.replace("github.com", "github.com.evil.example", 1)
_ESCAPED = IDENTITY.replace(".", "\\.")
SIGSTORE_ATTACKS = (
    *(
        Attack(row=17, name=f"good, logged as {kind} {version}", do=_signed(kind=(kind, version)))
        for kind, version in KINDS_OF_ENVELOPES
    ),
    Attack(row=16, name="longer identity", do=_signed(holder=_named(IDENTITY + "x")),
           fails="signer/named"),
    Attack(row=16, name="look-alike host", do=_signed(holder=_named(_LOOK_ALIKE)),
           fails="signer/named"),
    Attack(row=16, name="same identity by another issuer", fails="signer/issuer",
           do=_signed(holder=_named(IDENTITY, "https://evil.example"))),
    Attack(row=16, name="pattern that fits a part", do=_pattern(_ESCAPED[:-4]),
           fails="signer/named"),
    Attack(row=16, name="pattern that fits in full", do=_pattern(_ESCAPED)),
    Attack(row=17, name="forged proof", do=_signed(_proof_of_another),
           fails="sigstore/log-inclusion"),
    Attack(row=17, name="forged promise", do=_signed(_promise_changed),
           fails="sigstore/log-promise"),
    Attack(row=17, name="entry of another signature", do=_signed(_entry_of_another),
           fails="sigstore/log-entry"),
    Attack(row=17, name="no entry", do=_signed(_without_entry), fails="sigstore/log-entry"),
    Attack(row=17, name="no certificate timestamp", fails="sigstore/certificate-log",
           do=_signed(holder=lambda: _INSTANCE.fulcio.certificate(sct="none"))),
    Attack(row=17, name="another instance", do=_signed(maker=_OTHER), fails="sigstore/log-known"),
)  # fmt: skip
