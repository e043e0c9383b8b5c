"""Framework links: every topic resolves to known controls."""

from __future__ import annotations

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.engine.model.controls import Links, load_frameworks

SHIPPED = load_frameworks(content_folder("rules") / "frameworks")


@pytest.mark.parametrize("topic", sorted(SHIPPED.topics))
def test_every_topic_says_what_it_shows_and_links_to_known_controls(topic: str) -> None:
    found = Links(SHIPPED).of((topic,), (), "aws.sagemaker.notebook")
    assert found
    assert all(SHIPPED.has(link.id) and link.because.startswith("shows ") for link in found)


def test_a_rule_for_one_provider_links_to_no_benchmark_of_another() -> None:
    found = Links(SHIPPED).of(("bucket-private",), (), "aws.s3.bucket")
    assert {link.id.partition("/")[0] for link in found}.isdisjoint({"cis-azure", "cis-gcp"})
    assert any(link.id.startswith("cis-aws/") for link in found)


def test_a_topic_with_an_unknown_control_is_refused_with_its_place(tmp_path) -> None:
    text = "id: f\ntitle: F\nkind: catalogue\ncontrols:\n  A-1: {title: one}\n"
    (tmp_path / "f.yaml").write_text(text)
    (tmp_path / "topics.yaml").write_text("t:\n  shows: it\n  controls:\n    - f/A-2\n")
    with pytest.raises(MlsecError, match=r"topics\.yaml:4:7: .*f/A-2"):
        load_frameworks(tmp_path)
