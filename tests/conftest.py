"""What every test shares: where nothing may be skipped, a skip is a failure."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["tests.postgres"]
# A busy machine is slow, and no test is timed.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn a skip into a failure where the machine was set up to run everything."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if (
        report.skipped
        and os.environ.get("MLSEC_NOTHING_SKIPPED")
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"


def pytest_configure(config: pytest.Config) -> None:
    """Look for cycles seldom, and not at all while the tests are made: they all stay."""
    gc.disable()
    gc.set_threshold(50_000)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector of cycles pass by what lives as long as the process.

    All tests, the rules and the estates were walked through again every few seconds: a
    quarter of the time of the tests that collect and judge.
    """
    gc.freeze()
    gc.enable()
