"""Several signatures of one model: they must be over the same files, under the same name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mlsec.signing.signer.sign import SigningOptions
from tests.signing.workshop import NOW, TSA, Workshop, bad, certificate_signer, is_verified

DAY = timedelta(days=1)


def signed_twice(shop: Workshop, first: SigningOptions, second: SigningOptions) -> set[str]:
    shop.signers = [{"anchor": "release"}, {"anchor": "corp", "identity": {"subject": "CN=alice"}}]
    shop.threshold = 2
    shop.sign(how=first)
    shop.sign(certificate_signer(), how=second, to=shop.model / "second.sig")
    verdict = shop.verify()
    assert is_verified(verdict) is not bool(bad(verdict))
    return bad(verdict)


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        (SigningOptions(name="chat"), set()),
        (SigningOptions(name="another"), {"statement/all-alike"}),
        (SigningOptions(name="chat", ignored=("config.json",)), {"statement/all-alike"}),
        (SigningOptions(name="chat", hash_name="blake2b"), {"statement/all-alike"}),
    ],
    ids=["alike", "other-name", "other-files", "other-hash"],
)
def test_what_several_sign_is_one_and_the_same(
    second: SigningOptions, wrong: set[str], tmp_path: Path
) -> None:
    assert signed_twice(Workshop(tmp_path), SigningOptions(name="chat"), second) == wrong


def test_a_signing_authority_of_notary_vouches_for_no_other_signature(tmp_path: Path) -> None:
    """Its time of signing is believed, which a signature of another kind does not state."""
    shop = Workshop(tmp_path)
    shop.signers = [{"anchor": "corp", "identity": {"subject": "CN=alice"}}]
    shop.sign(certificate_signer())
    assert is_verified(shop.verify())
    shop.anchors["corp"]["signing_authority"] = True
    assert bad(shop.verify()) == {"signature/enough-signers", "signer/named"}


@pytest.mark.parametrize(("stamped", "is_good"), [(timedelta(days=90), True), (DAY, False)])
def test_a_retired_key_counts_for_what_was_stamped_while_it_was_trusted(
    stamped: timedelta, is_good: bool, tmp_path: Path
) -> None:
    shop = Workshop(tmp_path)
    shop.anchors["release"] |= {"valid": {"to": f"{NOW - 9 * DAY:%Y-%m-%d}"}, "tsa": ["tsa.pem"]}
    shop.sign(timestamp=lambda made: TSA.stamp(made, NOW - stamped))
    assert is_verified(shop.verify()) is is_good
    shop.sign()
    assert bad(shop.verify()) == {"key/valid-then", "signature/enough-signers"}


@pytest.mark.parametrize(
    "digests",
    [[{"sha512": "0" * 128}], [{}, {}], [{"sha256": "0" * 64}]],
    ids=["another-digest-too", "two-models", "another-digest"],
)
def test_a_statement_names_one_model_by_one_digest(
    digests: list[dict[str, str]], tmp_path: Path
) -> None:
    shop = Workshop(tmp_path)
    shop.sign()
    statement = shop.statement()
    [subject] = statement["subject"]
    statement["subject"] = [
        {**subject, "digest": {**subject["digest"], **more}} for more in digests
    ]
    shop.sign_statement(statement)
    assert "statement/root-digest" in bad(shop.verify())
