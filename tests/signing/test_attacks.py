"""Every row of the list of attacks on signed models, by its number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsec.cli.verdict_text import render_verdict
from mlsec.render.sarif.verdict import render_verdict_sarif
from mlsec.signing.content import manifest_comparison as compare
from mlsec.signing.verdicts.verdict import Answer
from tests.signing.attack import Attack
from tests.signing.attacks_files import FILE_ATTACKS
from tests.signing.attacks_forms import FORM_ATTACKS
from tests.signing.attacks_race import RACE_ATTACKS
from tests.signing.attacks_sigstore import SIGSTORE_ATTACKS
from tests.signing.attacks_trust import TRUST_ATTACKS
from tests.signing.workshop import Workshop, bad, is_verified, noted

ATTACKS = (*FILE_ATTACKS, *FORM_ATTACKS, *RACE_ATTACKS, *SIGSTORE_ATTACKS, *TRUST_ATTACKS)
# Rows 1 to 24 of the list that the design names.
ROWS = range(1, 25)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.row}-{attack.name[:60]}")
def test_attack_ends_as_the_table_says(attack: Attack, shop: Workshop) -> None:
    verdict = attack.do(shop)
    text = render_verdict(verdict)
    sarif = render_verdict_sarif(verdict, shop.folder / "trust.yaml", shop.folder)
    if attack.fails:
        assert attack.fails in bad(verdict), text
        assert verdict.answer is Answer.FAILED
        assert verdict.files == ()
        assert f"[{attack.fails}]" in text
        assert f"verify/{attack.fails}".encode() in sarif
    elif attack.notes:
        assert attack.notes in noted(verdict), text
        assert not bad(verdict), text
    else:
        assert is_verified(verdict), text
    assert "\x1b" not in text
    words = str(json.loads(sarif))
    assert "\x1b" not in words
    assert "\u202e" not in words


@pytest.mark.parametrize(
    "attack", [*FILE_ATTACKS, *RACE_ATTACKS], ids=lambda attack: attack.name[:60]
)
def test_attack_on_one_of_very_many_files_ends_the_same(
    attack: Attack, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "QUICK_FROM", 1)
    verdict = attack.do(shop)
    if attack.fails:
        # Not looked at before it was opened: what was written to it by then is another content.
        told = "files/unchanged" if attack.name == "file grown" else attack.fails
        assert told in bad(verdict)
        assert verdict.answer is Answer.FAILED
    elif attack.notes:
        assert attack.notes in noted(verdict)
        assert not bad(verdict)
    else:
        assert is_verified(verdict)


def test_every_row_of_the_list_has_an_attack() -> None:
    assert {attack.row for attack in ATTACKS} == set(ROWS)


def test_untouched_model_is_verified_by_key_and_by_certificate(shop: Workshop) -> None:
    from tests.signing.workshop import certificate_signer  # noqa: PLC0415

    shop.sign()
    assert is_verified(shop.verify())
    shop.sign(certificate_signer())
    verdict = shop.verify()
    assert is_verified(verdict)
    assert [one.path for one in verdict.files] == ["config.json", "model.safetensors",
                                                   "sub/tokenizer.json"]  # fmt: skip
