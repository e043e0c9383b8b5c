"""The recognisers, the vocabulary, the rules and the page about them say the same."""

from __future__ import annotations

from pathlib import Path

from mlsec.servers.advisories import shipped_advisories
from mlsec.servers.probe.certificates import OF_CERTIFICATE
from mlsec.servers.probe.http import Request
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.products.product import ExposedPath, Opens, ProductSigns
from mlsec.servers.probe.products.table import (
    ALWAYS,
    EVERYWHERE,
    PRODUCTS,
    identifying_paths,
    paths_of,
)
from tests.loops import for_each
from tests.shipped import shipped_rules

ROOT = Path(__file__).resolve().parents[2]
DOORS = [door for product in PRODUCTS for door in product.doors] + list(EVERYWHERE)
RULES = shipped_rules()
ENDPOINT = RULES.vocabulary.types["probe.endpoint"]


def _name(product: ProductSigns) -> str:
    return product.name


def test_no_name_stands_for_two_products() -> None:
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)


@for_each("product", PRODUCTS, called=_name)
def test_the_page_tells_of_every_product_and_of_the_data_on_it(product: ProductSigns) -> None:
    has_data = "yes" if product.name in shipped_advisories() else "no data"
    row = f"| `{product.name}` | {product.title} | {has_data} |"
    assert row in (ROOT / "docs" / "probe.md").read_text("utf-8").splitlines()


@for_each("product", PRODUCTS, called=_name)
def test_every_product_has_a_mark_and_a_door(product: ProductSigns) -> None:
    assert product.marks
    assert product.doors


@for_each("door", DOORS, called=lambda door: f"{door.opens.value}-{door.path}")
def test_every_sign_of_a_door_is_of_its_own_path(door: ExposedPath) -> None:
    signs = (door.open, *door.also, *((door.shut,) if door.shut else ()))
    assert {sign.path for sign in signs} == {door.path}


def test_every_path_can_be_asked_for() -> None:
    paths = {*ALWAYS, *identifying_paths(), *(p for each in PRODUCTS for p in paths_of(each))}
    for path in paths:
        assert Request(method="GET", authority="x.example", path=path).path == path


def test_a_target_that_shows_nothing_is_asked_all_within_the_bounds() -> None:
    most = max(len(paths_of(product)) for product in PRODUCTS)
    assert len(ALWAYS) + len(identifying_paths()) + 2 * most + 3 <= Limits().requests


def test_the_vocabulary_names_what_doors_may_open() -> None:
    assert set(ENDPOINT.properties["checked_paths"].items["exposes"].enum) == {
        each.value for each in Opens
    }


def test_the_vocabulary_names_all_of_a_certificate() -> None:
    read = {name for name in ENDPOINT.properties if name.startswith("certificate.")}
    assert read == {*OF_CERTIFICATE, "certificate.trust", "certificate.trust_detail"}


@for_each("opens", Opens, called=lambda each: each.value)
def test_an_open_door_of_every_kind_is_told_by_a_rule(opens: Opens) -> None:
    told = [
        rule.id
        for rule in RULES.rules
        for example in rule.tests.failed
        if rule.resource == "probe.endpoint"
        and {"exposes": opens.value, "state": "open"}.items()
        <= {k: v for door in example.get("checked_paths", ()) for k, v in door.items()}.items()
    ]
    assert told
