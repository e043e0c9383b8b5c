"""The shipped frameworks: complete lists of ids, each with its source, licence and count."""

from __future__ import annotations

from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Automation, FrameworkKind
from mlsec.core.framework import Framework
from mlsec.core.strict_yaml import parse
from tests.loops import for_each
from tests.shipped import shipped_rules

FOLDER = content_folder("rules") / "frameworks"
LOADED = shipped_rules().frameworks
SHIPPED = LOADED.frameworks
LINKED = sorted({link.id for item in LOADED.objectives.values() for link in item.controls})
# What each standard says of itself: how many controls, requirements or criteria it has.
COUNTS = {
    "aws-ai-security": 31, "aws-fsbp": 336, "c5": 121, "cis-aws": 70, "cis-azure": 127,
    "cis-controls-8": 153, "cis-gcp": 93, "cis-kubernetes": 131, "cosai": 35, "csa-aicm": 247,
    "dora": 272, "eu-ai-act": 249, "hipaa": 61, "iso-27001": 93, "iso-42001": 38, "mcsb-1": 86,
    "mcsb-2-ai": 7, "mitre-atlas": 205, "nis2": 63, "nist-800-53": 1014, "nist-ai-600-1": 12,
    "nist-ai-rmf": 72, "nist-csf-2": 106, "nist-ssdf": 48, "openssf": 86, "owasp-agentic": 10,
    "owasp-ai-exchange": 54, "owasp-aisvs": 191, "owasp-llm": 10, "owasp-ml": 10,
    "pci-dss": 280, "slsa": 7, "soc-2": 61,
}  # fmt: skip
IDS_ONLY = ("aws-", "c5", "cis-", "csa-", "iso-", "pci-", "soc-")


def test_every_framework_has_as_many_controls_as_its_standard() -> None:
    assert {name: len(framework.controls) for name, framework in SHIPPED.items()} == COUNTS


@for_each("framework", SHIPPED.values(), called=lambda one: one.id)
def test_a_framework_says_its_version_licence_source_and_count(framework: Framework) -> None:
    document = parse((FOLDER / f"{framework.id}.yaml").read_text("utf-8"), framework.id)
    assert document.value["count"] == len(framework.controls)
    assert framework.version
    assert framework.licence
    assert framework.source


@for_each("framework", SHIPPED.values(), called=lambda one: one.id)
def test_a_title_is_shipped_where_the_licence_allows_it(framework: Framework) -> None:
    titled = [control_id for control_id, control in framework.controls.items() if control.title]
    if framework.id.startswith(IDS_ONLY):
        assert framework.licence == "ids only"
        assert titled == []
    elif framework.id != "owasp-ai-exchange":  # there the id is the title
        assert len(titled) == len(framework.controls)


def test_the_sizes_of_the_baselines_are_those_of_sp_800_53b_and_fedramp() -> None:
    sizes = {name: len(ids) for name, ids in SHIPPED["nist-800-53"].profiles.items()}
    assert sizes == {
        "low": 149, "moderate": 287, "high": 370, "privacy": 96,
        "fedramp-low": 156, "fedramp-moderate": 323, "fedramp-high": 410,
    }  # fmt: skip


def test_a_benchmark_is_of_one_provider_and_a_catalogue_of_none() -> None:
    for framework in SHIPPED.values():
        one = framework.kind is FrameworkKind.BENCHMARK
        assert len(framework.providers) == int(one), framework.id


@for_each("control", LINKED)
def test_a_linked_control_of_a_catalogue_says_what_is_tested_and_what_is_not(control: str) -> None:
    name, _, control_id = control.partition("/")
    record = SHIPPED[name].controls[control_id]
    assert SHIPPED[name].kind is FrameworkKind.CATALOGUE
    assert record.automation
    assert record.does_not_test
    if record.automation is not Automation.MANUAL:
        assert record.needed
        assert record.tests
