"""Data on known flaws: every shipped file can be read, and versions compare as they are meant."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core.errors import MlsecError
from mlsec.servers.advisories import (
    Product,
    UnknownVersion,
    Vulnerability,
    known_flaws,
    load_advisories,
    product_of,
    shipped_advisories,
)
from mlsec.servers.versions import is_within, read_range, version_key

SHIPPED = shipped_advisories()


def ids(found: tuple[Vulnerability, ...] | UnknownVersion) -> set[str]:
    assert not isinstance(found, UnknownVersion), found.why
    return {flaw.id for flaw in found}


@pytest.mark.parametrize("product", SHIPPED.values(), ids=lambda each: each.name)
def test_every_product_has_a_date_and_flaws_with_sources(product: Product) -> None:
    assert datetime.date.fromisoformat(product.as_of)
    assert product.flaws
    assert len({flaw.id for flaw in product.flaws}) == len(product.flaws)
    assert all(flaw.source.startswith("https://") for flaw in product.flaws)


@pytest.mark.parametrize("product", SHIPPED.values(), ids=lambda each: each.name)
def test_no_flaw_is_in_every_version_there_can_be(product: Product) -> None:
    assert ids(known_flaws(product.name, "99999.0", SHIPPED)) == set()


def test_no_name_means_two_products() -> None:
    names = [name for product in SHIPPED.values() for name in {product.name, *product.names}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("product", "version", "flaw", "has_it"),
    [
        ("mlflow", "2.2.0", "CVE-2023-1177", True),
        ("mlflow", "2.2.1", "CVE-2023-1177", False),
        ("mlflow", "v2.2.0", "CVE-2023-1177", True),
        ("mlflow", "3.9.0", "CVE-2026-2611", True),
        ("mlflow", "3.9", "CVE-2026-2611", True),
        ("mlflow", "3.9.1", "CVE-2026-2611", False),
        ("mlflow", "3.0.0rc1", "CVE-2025-11201", True),
        ("mlflow", "3.0.0", "CVE-2025-11201", False),
        ("vllm", "0.8.5.post1", "CVE-2025-32444", False),
        ("vllm", "0.8.4+cu121", "CVE-2025-32444", True),
        ("vllm", "0.10.1.1", "CVE-2025-48956", False),
        ("llama-cpp", "b2739", "CVE-2024-32878", True),
        ("llama-cpp", "b2740-abcdef0", "CVE-2024-32878", False),
        ("triton", "2.58.0", "CVE-2025-23319", True),
        ("triton", "25.06", "CVE-2025-23319", True),
        ("triton", "2.60.0", "CVE-2025-23319", False),
        ("triton", "25.07", "CVE-2025-23319", False),
        ("torchserve", "0.8.1", "CVE-2023-43654", True),
        ("torchserve", "0.8.2", "CVE-2023-43654", False),
    ],
)
def test_a_version_has_the_flaws_that_were_published_for_it(
    product: str, version: str, flaw: str, has_it: bool
) -> None:
    assert (flaw in ids(known_flaws(product, version, SHIPPED))) is has_it


@pytest.mark.parametrize("version", ["", "latest", "main", "sha256:0123", "1.2.x", "9" * 4000])
def test_what_cannot_be_compared_is_not_known_rather_than_clean(version: str) -> None:
    assert isinstance(known_flaws("mlflow", version, SHIPPED), UnknownVersion)


def test_a_product_without_data_is_not_known_rather_than_clean() -> None:
    assert isinstance(known_flaws("frobnicator", "1.0", SHIPPED), UnknownVersion)


def test_a_package_name_leads_to_its_product() -> None:
    found = product_of("tritonserver", SHIPPED)
    assert found is not None
    assert found.name == "triton"


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.0.0a1", "1.0.0"), ("1.0.0.dev3", "1.0.0a1"), ("1.0.0rc1", "1.0.0"),
        ("1.0", "1.0.post1"), ("1.9", "1.10"), ("1.0.0-beta.2", "1.0.0-rc.1"),
        ("b99", "b100"), ("1", "1.0.1"),
    ],
)  # fmt: skip
def test_versions_are_ordered_as_their_makers_order_them(lower: str, higher: str) -> None:
    left, right = version_key(lower), version_key(higher)
    assert left is not None
    assert right is not None
    assert left < right


@given(st.lists(st.integers(0, 99), min_size=1, max_size=5))
def test_zeros_at_the_end_are_no_difference(numbers: list[int]) -> None:
    text = ".".join(map(str, numbers))
    assert version_key(text) == version_key(f"{text}.0")


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    key = version_key(text)
    assert key is None or is_within(key, read_range(">=0dev0,<=999999999.post9"))


_HEAD = "product: x\ntitle: X\nnames: []\nas_of: '2026-01-01'\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (_HEAD, "missing flaws"),
        (f"{_HEAD}flaws: []\n".replace(": x", ": y"), "must be in y.yaml"),
        (
            f"{_HEAD}flaws: [{{id: A, severity: high, affected: ['1'], what: w, source: s}}]",
            "bound",
        ),
        (f"{_HEAD}flaws: [{{id: A, severity: bad, affected: [], what: w, source: s}}]", "severity"),
        (f"{_HEAD}flaws: [{{id: A}}]", "missing severity"),
        (f"{_HEAD}flaws: 3", "flaws is a list"),
    ],
)
def test_a_mistake_in_the_data_is_refused_with_its_place(
    tmp_path: Path, text: str, what: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(MlsecError, match=what) as refused:
        load_advisories(tmp_path)
    assert "x.yaml" in refused.value.location
