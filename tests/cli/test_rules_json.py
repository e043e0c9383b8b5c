"""``mlsec rules list -f json``: the rules as a program reads them."""

from __future__ import annotations

import json

import pytest

from mlsec.cli.main import main
from tests.shipped import shipped_rules


def test_the_list_as_json_has_every_rule_that_the_text_has(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "list", "-f", "json"]) == 0
    entries = json.loads(capfd.readouterr().out)
    rules = {rule.id: rule for rule in shipped_rules().rules}
    assert [entry["id"] for entry in entries] == sorted(rules)
    for entry in entries:
        rule = rules[entry["id"]]
        assert (entry["severity"], entry["title"]) == (rule.severity.value, rule.title)


def test_filters_hold_for_json_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list", "s3/*", "--severity", "critical", "-f", "json"]) == 0
    entries = json.loads(capfd.readouterr().out)
    assert entries
    assert {entry["severity"] for entry in entries} == {"critical"}
    assert all(entry["id"].startswith("s3/") for entry in entries)
