"""Every product answers all that its type asks, and its type says what it does not offer."""

from __future__ import annotations

import pytest

from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
from mlsec.servers.advisories import product_of, shipped_advisories
from mlsec.servers.products.product import Product
from mlsec.servers.products.table import PRODUCTS
from mlsec.servers.settings import Settings
from tests.servers.config.declared import VOCABULARY

# What the launch tells, whatever the product.
_OF_LAUNCH = {
    "launched_by", "image", "exposure.reach", "exposure.public", "access.root",
    "access.privileged", "access.host_socket", "supply.version", "supply.image_pinned",
    "supply.has_advisories", "supply.vulnerabilities", "secrets", "workload_id", "sources",
    "supply.image_latest",
}  # fmt: skip


def name_of(product: Product) -> str:
    return product.type


def settings(*, is_open: bool = False) -> Settings:
    launch = Launch(id="x", scope="s", file="f", line=1, kind="shell")
    why = "not seen" if is_open else ""
    return Settings(
        launch=launch, words=(Node("x"),), open_words=why, open_env=why, open_files=why
    )  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS, ids=name_of)
def test_a_reader_answers_what_its_type_asks_and_nothing_else(product: Product) -> None:
    asked = set(VOCABULARY.types[product.type].properties) - _OF_LAUNCH
    assert {name for name, _ in product.read(settings())} == asked


@pytest.mark.parametrize("product", PRODUCTS, ids=name_of)
def test_nothing_that_a_hidden_setting_decides_is_taken_for_its_default(product: Product) -> None:
    """What is known although nothing was seen, no setting of the product can change."""
    shut = {name: answer.value for name, answer in product.read(settings())}
    seen = {n: a.value for n, a in product.read(settings(is_open=True)) if a.is_known}
    assert seen == {name: shut[name] for name in seen}


@pytest.mark.parametrize("product", PRODUCTS, ids=name_of)
def test_every_type_of_a_product_is_recognised_by_something(product: Product) -> None:
    assert product.images or product.commands
    head = " ".join([*product.entrypoint.split(), *product.arguments.split()])
    assert not product.entrypoint or product.images, head


def test_every_type_of_the_vocabulary_has_a_product() -> None:
    own = {name for name in VOCABULARY.types if name.startswith("serving.")}
    assert own - {p.type for p in PRODUCTS} == {"serving.server", "serving.model_server"}


@pytest.mark.parametrize("name", sorted(shipped_advisories()))
def test_flaws_that_ship_are_read_by_a_product(name: str) -> None:
    wanted = {product_of(p.advisories, shipped_advisories()) for p in PRODUCTS if p.advisories}
    assert shipped_advisories()[name] in wanted


@pytest.mark.parametrize(
    ("version", "wanted"), [("2.9.0", True), ("3.17.2", False), ("3.4.0", None), ("", None)]
)
def test_mlflow_has_the_password_of_its_manual_by_version(
    version: str, wanted: bool | None
) -> None:
    launch = Launch(id="x", scope="s", file="f", line=1, kind="compose")
    words = tuple(Node(word) for word in ["mlflow", "server", "--app-name", "basic-auth"])
    product = next(p for p in PRODUCTS if p.type == "serving.mlflow")
    told = dict(product.read(Settings(launch=launch, words=words, version=version)))
    answer = told["access.default_credentials"]
    assert (answer.value if answer.is_known else None) is wanted
