"""The list of the page: what is open and grave comes first, whatever else could not be assessed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.render import tally
from mlsec.render.html.html import render_html
from tests.browser_checks import command_and_environment

SCRIPT = Path(__file__).with_name("list_page.mjs")


def many() -> Assessment:
    """Thousands of findings, of which every third could not be assessed."""
    whole = samples.huge(2_000, scopes=4)
    findings = tuple(
        msgspec.structs.replace(one, status=Status.FAIL if number % 3 else Status.NOT_ASSESSED)
        for number, one in enumerate(whole.findings)
    )
    return msgspec.structs.replace(whole, findings=findings)


def long_names() -> Assessment:
    """Failures in files that lie deep, with long names."""
    whole = samples.rich()
    deep = "applications/" + "-".join(["a-part-of-a-name"] * 12) + "/file.yaml"
    findings = tuple(
        msgspec.structs.replace(
            one, resource=msgspec.structs.replace(one.resource, file=deep, line=7, name="n" * 180)
        )
        for one in whole.findings
    )
    return msgspec.structs.replace(whole, findings=findings)


PAGES: dict[str, Callable[[], Assessment]] = {
    "rich": samples.rich,
    "long names": long_names,
    "many": many,
}


@pytest.mark.parametrize("name", PAGES)
def test_open_failures_come_before_what_is_not_assessed_each_by_severity(name: str) -> None:
    findings = tally.findings_to_read(PAGES[name]())
    assert {one.status for one in findings} == {Status.FAIL, Status.NOT_ASSESSED}
    order = [(tally.state_of(one), one.severity.rank) for one in findings]
    assert order == sorted(order)


@pytest.fixture(scope="module", params=PAGES)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    command, environment = command_and_environment(SCRIPT)
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_bytes(render_html(PAGES[request.param]()))
    done = subprocess.run(  # noqa: S603 - our own script
        [*command, page], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.browser
def test_list_begins_with_what_is_open_and_grave(shown: Any) -> None:
    order = [(state, severity) for state, severity, _ in shown["lists"][""]]
    assert order == sorted(order)


@pytest.mark.browser
def test_rows_of_one_rule_have_the_open_ones_first(shown: Any) -> None:
    order = [(rule, state, severity) for state, severity, rule in shown["lists"]["rule"]]
    assert order == sorted(order)


@pytest.mark.browser
@pytest.mark.parametrize("group", ["rule", "resource"])
def test_group_is_as_grave_as_what_is_open_in_it(shown: Any, group: str) -> None:
    heads = []
    for one in shown["groups"][group]:
        first = min(state for state, _ in one["rows"])
        worst = min(severity for state, severity in one["rows"] if state == first)
        assert one["severity"] == worst
        assert one["rows"] == sorted(one["rows"])
        heads.append((first, worst))
        if first == 0 and any(state for state, _ in one["rows"]):
            assert f"{sum(not state for state, _ in one['rows']):,} open of " in one["text"]
        if first == 1 and all(state == 1 for state, _ in one["rows"]):
            assert one["text"].endswith(", not assessed")
    assert heads == sorted(heads)


@pytest.mark.browser
def test_every_row_is_as_high_as_the_list_counts_on(shown: Any) -> None:
    assert shown["tall"] == 0


@pytest.mark.browser
def test_box_is_filled_with_rows_at_first_sight(shown: Any) -> None:
    assert shown["missing"] == 0
