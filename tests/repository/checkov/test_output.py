"""checkov's output is foreign text: what fits is taken, the rest is counted, nothing trips."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core.errors import MlsecError
from mlsec.core.external_finding import ExternalRun
from mlsec.repository.checkov import output
from mlsec.repository.checkov.output import Names, read_output
from tests.repository.checkov.said import failure, report, said

NAMES = Names(
    files={"main.tf": ("t/main.tf", "infra/main.tf"), "a/b.yaml": ("t/a/b.yaml", "infra/a/b.yaml")},
    folder="/tmp/x/code",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def test_failure_is_named_as_our_reports_name_its_file() -> None:
    found = read_output(said(report(failure(guideline="https://docs.example/x"))), NAMES)
    (one,) = found.failed
    assert (one.check, one.file, one.line) == ("CKV_X_1", "infra/main.tf", 3)
    assert (one.resource, one.link) == ("aws_x.y", "https://docs.example/x")
    assert (found.version, found.passed, found.given) == ("3.3.30", 4, 2)


def test_reports_of_several_frameworks_are_one_and_in_order() -> None:
    first, second = report(failure("CKV_B")), report(failure("CKV_A", "/a/b.yaml", 0))
    found = read_output(said(first, second), NAMES)
    assert [(one.check, one.line) for one in found.failed] == [("CKV_A", 1), ("CKV_B", 3)]
    assert found.passed == 8
    assert read_output(said(second, first), NAMES) == found


def test_nothing_found_is_a_run_with_nothing_in_it() -> None:
    assert read_output(b'{"passed": 0, "checkov_version": "3.2.1"}', NAMES).failed == ()


@pytest.mark.parametrize(
    "told", ["/tmp/x/code/a/b.yaml", "a/b.yaml", "/a/b.yaml", "./a/b.yaml", "/elsewhere/a/b.yaml"]
)
def test_file_that_it_could_not_parse_is_known_by_its_id(told: str) -> None:
    found = read_output(said(report(errors=[told])), NAMES)
    assert (found.unread, found.not_understood) == (("t/a/b.yaml",), 0)


def test_files_that_it_counts_as_not_parsed_and_does_not_name_are_not_lost() -> None:
    quiet = report(failure())
    quiet["results"] = {"failed_checks": [failure()]}
    quiet["summary"]["parsing_errors"] = 3
    assert read_output(said(quiet), NAMES).not_understood == 3


def test_what_its_own_comments_take_out_is_told() -> None:
    found = read_output(said(report(skipped=[failure("CKV_S")] * 30)), NAMES)
    assert found.skipped[0] == "CKV_S of aws_x.y"
    assert found.skipped[-1] == "…"


@pytest.mark.parametrize(
    "bad",
    [
        None, 3, [], "x", {},
        failure("$(id)"), failure(""), failure("x" * 99), failure(file="/../../etc/passwd"),
        failure(file=""), failure(file=7), failure(line="3"), failure(line=-3),
        failure(line=10**12), failure(line=True), failure(resource={"a": 1}), failure(resource=""),
        failure(check_name=["x"]), failure(file_line_range=None), failure(file_line_range=[]),
    ],
    ids=repr,
)  # fmt: skip
def test_entry_that_is_not_what_it_writes_is_counted(bad: Any) -> None:
    found = read_output(said(report(failure(), bad)), NAMES)
    assert (len(found.failed), found.not_understood) == (1, 1)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://x", "https://a b", 3, ["https://x"]]
)
def test_link_that_is_no_page_is_left_out(link: Any) -> None:
    (one,) = read_output(said(report(failure(guideline=link))), NAMES).failed
    assert one.link == ""


def test_long_names_are_cut() -> None:
    (one,) = read_output(said(report(failure(check_name="n" * 10_000))), NAMES).failed
    assert len(one.title) == 300


@pytest.mark.parametrize("version", ["4.0.1", "3.1.9", "2.0.0", "3.30", "3.3.x", "", "33.3"])
def test_version_that_nobody_tried_is_refused(version: str) -> None:
    with pytest.raises(MlsecError, match="has not been tried"):
        read_output(said(report(failure(), version=version)), NAMES)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b'[{"summary": 3}]', b"\xff", b"[" * 100_000, b"{}"],
    ids=lambda body: repr(body[:20]),
)
def test_something_else_is_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(MlsecError, match="not checkov's JSON"):
        read_output(body, NAMES)


def test_very_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MAX_RESULTS", 3)
    with pytest.raises(MlsecError, match="more than 3"):
        read_output(said(report(*(failure(f"CKV_{n}") for n in range(4)))), NAMES)


@given(JSON, JSON, JSON)
def test_no_shape_trips_it(results: Any, entry: Any, span: Any) -> None:
    whole = report(failure(), entry, failure(file_line_range=span), errors=[entry])
    whole["skipped_checks"] = results
    for document in (whole, {**whole, "results": results}, {**whole, "summary": results}, results):
        try:
            found = read_output(json.dumps(document).encode(), NAMES)
        except MlsecError:
            continue
        assert isinstance(found, ExternalRun)
