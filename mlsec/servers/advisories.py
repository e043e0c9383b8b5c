"""Known flaws of server software: dated data that ships with mlsec, matched with a version.

Used by whoever learns of a product and its version: a probe of the running server, a command line,
an image name. Nothing is fetched.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Severity
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.servers.versions import Bound, is_within, read_range, version_key

_KEYS = ("product", "title", "names", "as_of", "flaws")
_FLAW_KEYS = ("id", "severity", "affected", "what", "source")


class Vulnerability(msgspec.Struct, frozen=True, kw_only=True):
    """One published flaw. ``affected``: a version is affected when it lies in any of the ranges."""

    id: str
    severity: str
    affected: tuple[tuple[Bound, ...], ...]
    ranges: tuple[str, ...]
    what: str
    source: str

    def shown(self, version: str = "") -> dict[str, Any]:
        """Give it as an element of a resource's ``flaws``; ``version`` is the one that has it."""
        which = f"{self.id} in {version}" if version else self.id
        return {
            "id": self.id,
            "severity": self.severity,
            "what": f"{which}: {self.what} (affected: {' or '.join(self.ranges)})",
            "source": self.source,
        }


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One server software; ``as_of`` is the day up to which its flaws are known here."""

    name: str
    title: str
    names: tuple[str, ...]
    as_of: str
    flaws: tuple[Vulnerability, ...]


class UnknownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Why it cannot be said which flaws a server has."""

    why: str


@functools.cache
def shipped_advisories() -> Mapping[str, Product]:
    """Give the products whose flaws ship with mlsec, by name.

    Raises:
        MlsecError: a mistake in the data.
    """
    return load_advisories(content_folder("rules") / "advisories")


def load_advisories(folder: Path) -> Mapping[str, Product]:
    """Read every file of a folder.

    Raises:
        MlsecError: a file that is not as its README says.
    """
    products: dict[str, Product] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = parse(path.read_text("utf-8"), str(path))
        product = _product(document)
        if product.name in products or product.name != path.stem:
            raise MlsecError(
                f'product "{product.name}" must be in {product.name}.yaml, once',
                location=document.where("product"),
            )
        products[product.name] = product
    return products


def product_of(name: str, products: Mapping[str, Product]) -> Product | None:
    """Find a product by its own name or by what packages and images call it."""
    folded = name.lower()
    if folded in products:
        return products[folded]
    return next((product for product in products.values() if folded in product.names), None)


def known_flaws(
    name: str, version: str, products: Mapping[str, Product]
) -> tuple[Vulnerability, ...] | UnknownVersion:
    """Give the flaws that a version of a product is known to have, or why that is not known."""
    product = product_of(name, products)
    if product is None:
        return UnknownVersion(
            why=f"no vulnerability data for {name} ships with this version of mlsec"
        )
    if not version:
        return UnknownVersion(why=f"{product.title} does not report its version")
    key = version_key(version)
    if key is None:
        return UnknownVersion(why=f"the version is not one that can be compared: {version[:60]}")
    return tuple(
        flaw for flaw in product.flaws if any(is_within(key, bounds) for bounds in flaw.affected)
    )


def _product(document: Document) -> Product:
    raw = document.value
    if not isinstance(raw, dict):
        raise MlsecError("expected a mapping", location=document.file)
    _check_keys(document, (), raw, _KEYS)
    flaws = raw["flaws"]
    if not isinstance(flaws, list):
        raise MlsecError("flaws is a list", location=document.where("flaws"))
    return Product(
        name=str(raw["product"]),
        title=str(raw["title"]),
        names=tuple(str(name).lower() for name in raw["names"]),
        as_of=str(raw["as_of"]),
        flaws=tuple(_flaw(document, number, value) for number, value in enumerate(flaws)),
    )


def _flaw(document: Document, number: int, raw: Any) -> Vulnerability:
    here = ("flaws", number)
    if not isinstance(raw, dict):
        raise MlsecError("a flaw is a mapping", location=document.where(*here))
    _check_keys(document, here, raw, _FLAW_KEYS)
    if raw["severity"] not in {item.value for item in Severity}:
        raise MlsecError(
            f'unknown severity "{raw["severity"]}"', location=document.where(*here, "severity")
        )
    ranges = tuple(str(text) for text in raw["affected"])
    try:
        affected = tuple(read_range(text) for text in ranges)
    except ValueError as error:
        raise MlsecError(str(error), location=document.where(*here, "affected")) from None
    return Vulnerability(
        id=str(raw["id"]),
        severity=str(raw["severity"]),
        affected=affected,
        ranges=ranges,
        what=str(raw["what"]),
        source=str(raw["source"]),
    )


def _check_keys(
    document: Document, here: tuple[str | int, ...], raw: Mapping[str, Any], keys: tuple[str, ...]
) -> None:
    missing = [key for key in keys if key not in raw]
    unknown = [key for key in raw if key not in keys]
    if missing or unknown:
        what = f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(unknown)}"
        raise MlsecError(what, location=document.where(*here))
