"""Framework links: every topic resolves, and unread evidence never supports a control."""

from __future__ import annotations

import pytest

from mlsec.core.assessment import RuleSummary, StatusCounts
from mlsec.core.catalogue import ControlLink, Fix
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Category, Concern, RuleStatus, Severity
from mlsec.core.errors import MlsecError
from mlsec.engine.model.controls import Links, control_results, load_frameworks

SHIPPED = load_frameworks(content_folder("rules") / "frameworks")


def summary(counts: StatusCounts) -> RuleSummary:
    return RuleSummary(
        id="a/b", title="t", severity=Severity.LOW, category=Category.ACCESS,
        concern=Concern.SECURITY, status=RuleStatus.STABLE, resource="aws.x", why="w",
        fix=Fix(text="f"), controls=(ControlLink(id="nist-800-53/SC-7", because="r"),),
        counts=counts,
    )  # fmt: skip


@pytest.mark.parametrize("topic", sorted(SHIPPED.topics))
def test_every_topic_says_what_it_shows_and_links_to_known_controls(topic: str) -> None:
    found = Links(SHIPPED).of((topic,), (), "aws.sagemaker.notebook")
    assert found
    assert all(SHIPPED.has(link.id) and link.because.startswith("shows ") for link in found)


def test_a_rule_for_one_provider_links_to_no_benchmark_of_another() -> None:
    found = Links(SHIPPED).of(("bucket-private",), (), "aws.s3.bucket")
    assert {link.id.partition("/")[0] for link in found}.isdisjoint({"cis-azure", "cis-gcp"})
    assert any(link.id.startswith("cis-aws/") for link in found)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (StatusCounts(passed=3), "supported"),
        (StatusCounts(passed=3, not_assessed=1), "not_assessed"),
        (StatusCounts(failed=1), "not_supported"),
        (StatusCounts(passed=9, failed=1, waived=1), "partly"),
        (StatusCounts(not_applicable=2), "not_applicable"),
    ],
)
def test_a_control_is_supported_only_when_all_its_evidence_was_read(
    counts: StatusCounts, expected: str
) -> None:
    results = control_results(SHIPPED, [summary(counts)], ["aws"])
    by_id = {(r.framework, r.id): r.result for r in results}
    assert by_id[("NIST SP 800-53 Rev. 5", "SC-7")] == expected
    assert by_id[("NIST SP 800-53 Rev. 5", "AC-2")] == "manual"


def test_a_topic_with_an_unknown_control_is_refused_with_its_place(tmp_path) -> None:
    text = "id: f\ntitle: F\nkind: catalogue\ncontrols:\n  A-1: {title: one}\n"
    (tmp_path / "f.yaml").write_text(text)
    (tmp_path / "topics.yaml").write_text("t:\n  shows: it\n  controls:\n    - f/A-2\n")
    with pytest.raises(MlsecError, match=r"topics\.yaml:4:7: .*f/A-2"):
        load_frameworks(tmp_path)
