"""SARIF links to the documentation below one base, and to nothing that is not there."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import samples

from docs.site.rule_names import rule_path
from mlsec.cli.assess_options import HELP_BASE_VARIABLE
from mlsec.cli.parser import build_parser
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.render.formats import FORMATS
from mlsec.render.help_links import gap_address, home_address, rule_address
from mlsec.render.settings import RenderSettings
from mlsec.render.write import write_reports
from tests.sarif_checks import sarif_problems
from tests.shipped import shipped_rules

BASE = "https://docs.corp.example/mlsec"


def driver(settings: RenderSettings) -> dict[str, Any]:
    payload = FORMATS["sarif"].render(samples.small(), settings)
    assert isinstance(payload, bytes)
    made: dict[str, Any] = msgspec.json.decode(payload)["runs"][0]["tool"]["driver"]
    return made


def test_with_a_base_each_rule_links_to_its_page_also_in_its_help() -> None:
    made = driver(RenderSettings(help_base=BASE))
    assert made["informationUri"] == f"{BASE}/index.html"
    assert made["rules"]
    for rule in made["rules"]:
        assert rule["helpUri"] == f"{BASE}/rules/{rule['id']}.html"
        assert f"<{rule['helpUri']}>" in rule["help"]["markdown"]


def test_with_a_base_each_gap_links_to_what_to_do_about_it() -> None:
    notes = {note["id"]: note for note in driver(RenderSettings(help_base=BASE))["notifications"]}
    for reason in GapReason:
        note = notes[f"mlsec/gap-{reason.value.replace('_', '-')}"]
        assert note["helpUri"] == f"{BASE}/troubleshooting.html#{reason.value}"


def test_without_a_base_rules_link_to_their_first_reference_and_gaps_to_nothing() -> None:
    made = driver(RenderSettings(help_base=""))
    assert made["informationUri"].startswith("pkg:generic/mlsec@")
    assert not [note for note in made["notifications"] if "helpUri" in note]
    references = {rule.id: rule.references for rule in samples.small().rules}
    for rule in made["rules"]:
        assert rule["helpUri"] == references[rule["id"]][0]


@pytest.mark.parametrize("base", ["", BASE])
def test_nothing_points_to_a_reserved_name(base: str) -> None:
    text = str(driver(RenderSettings(help_base=base)))
    assert "example.org" not in text
    assert "example.com" not in text


def test_strict_sarif_check_is_content_with_a_base_too(tmp_path: Path) -> None:
    settings = RenderSettings(help_base=BASE)
    files = write_reports(samples.small(), tmp_path, ["sarif"], settings)
    uploads = [file for file in files if file.suffix == ".sarif"]
    assert uploads
    assert sarif_problems("--strict", "--repo-root", tmp_path, *uploads) == ""


def test_rule_of_another_tool_has_no_page() -> None:
    assert (
        rule_address(BASE, "checkov:CKV_AWS_1", ("https://x.example/a",)) == "https://x.example/a"
    )
    assert rule_address(BASE, "checkov:CKV_AWS_1", ()) == ""


def test_every_shipped_rule_has_a_link_without_a_base_and_its_page_with_one() -> None:
    for rule in shipped_rules().rules:
        assert rule_address("", rule.id, rule.references).startswith("https://")
        assert rule_address(BASE, rule.id, ()) == f"{BASE}/{rule_path(rule.id)}.html"


def parsed(*words: str) -> Namespace:
    return build_parser("report").parse_args(["report", "out", "-f", "sarif", *words])


def test_option_counts_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HELP_BASE_VARIABLE, "https://other.example/")
    assert parsed().help_base == "https://other.example"
    assert parsed("--help-base", f"{BASE}/").help_base == BASE


@pytest.mark.parametrize(
    "given",
    [
        "docs.corp.example",
        "ftp://docs.corp.example",
        "https://",
        "https://docs.corp.example/a b",
        "https://docs.corp.example/?page=1",
        "https://docs.corp.example/#top",
        "https://me:secret@docs.corp.example/",
        "javascript:alert(1)",
    ],
)
def test_what_is_not_the_address_of_a_site_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MlsecError, match="not the address of a site"):
        parsed("--help-base", given)
    monkeypatch.setenv(HELP_BASE_VARIABLE, given)
    with pytest.raises(MlsecError, match="not the address of a site"):
        parsed()


def test_addresses_without_a_base() -> None:
    assert gap_address("", GapReason.DENIED) == ""
    assert home_address("").startswith("pkg:")
