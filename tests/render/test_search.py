"""The page's search finds the rows whose own text holds every word, no more and no fewer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import hostile
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.render.html.html import render_html
from tests.browser_checks import command_and_environment

SCRIPT = Path(__file__).with_name("search_page.mjs")
PAGES: dict[str, Callable[[], Assessment]] = {
    "rich": samples.rich,
    "hostile": hostile.hostile,
    "many": lambda: samples.huge(2_000, scopes=4),
}


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_search_finds_what_asking_every_row_finds(name: str, tmp_path: Path) -> None:
    command, environment = command_and_environment(SCRIPT)
    page = tmp_path / "report.html"
    page.write_bytes(render_html(PAGES[name]()))
    done = subprocess.run(  # noqa: S603 - our own script
        [*command, page], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["compared"] > 1000
    assert found["differences"] == []
