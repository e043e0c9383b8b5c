"""The page by keyboard and by links: keys do what their legend says, and the focus stays known."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import samples

from mlsec.render.html.html import render_html
from tests.browser_checks import command_and_environment

SCRIPT = Path(__file__).with_name("keys_page.mjs")


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Any:
    command, environment = command_and_environment(SCRIPT)
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_bytes(render_html(samples.rich()))
    done = subprocess.run(  # noqa: S603 - our own script
        [*command, page], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.browser
def test_page_begins_with_what_is_open(met: Any) -> None:
    assert met["start"]["visible"] == met["start"]["open"] < met["start"]["total"]


@pytest.mark.browser
def test_j_and_k_go_through_the_list_and_enter_opens(met: Any) -> None:
    assert [met[name]["entry"] for name in ("first", "second", "back")] == [0, 1, 0]
    assert (met["opened"]["panel"], met["opened"]["inPanel"], met["opened"]["shown"]) == (
        True, True, 0,
    )  # fmt: skip


@pytest.mark.browser
def test_focus_stays_in_the_panel_and_returns_to_the_row(met: Any) -> None:
    assert met["next"]["shown"] == 1
    assert (met["previous"]["shown"], met["previous"]["inPanel"]) == (0, True)
    assert (met["closed"]["panel"], met["closed"]["entry"]) == (False, 0)
    assert met["far"]["entry"] == met["far"]["visible"] - 1


@pytest.mark.browser
def test_link_to_any_finding_lands_on_it(met: Any) -> None:
    assert (met["linked"]["panel"], met["linked"]["visible"]) == (True, met["linked"]["total"])
    assert met["unknown"]["said"].startswith("This report has no finding 0000")
    assert met["unknown"]["focus"] == "findings"


@pytest.mark.browser
def test_damaged_link_still_shows_what_it_can(met: Any) -> None:
    assert met["damaged"]["visible"] > 0
    assert 0 <= met["section"] < 200


@pytest.mark.browser
def test_a_resource_of_a_cloud_links_to_its_console_and_nothing_else_does(met: Any) -> None:
    azure = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/p/t/n"
    assert met["consoles"] == [
        ["https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3As3%3A%3A%3Aweights"],
        [],
        ["https://console.amazonaws.cn/go/view?arn=arn%3Aaws-cn%3As3%3A%3A%3Aweights%26x%3D1%23y"],
        [f"https://portal.azure.com/#resource{azure}"],
        [],
        [],
    ]
    assert met["inCode"] == 0
