"""How the table of attacks bends a signed model or a statement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.workshop import Workshop


def after(change: Callable[[Workshop], object]) -> Callable[[Workshop], Verdict]:
    """Sign, change something, verify."""

    def do(shop: Workshop) -> Verdict:
        shop.sign()
        change(shop)
        return shop.verify()

    return do


def stating(change: Callable[[dict[str, Any]], object]) -> Callable[[Workshop], Verdict]:
    """Have the trusted signer sign a statement that was changed."""

    def do(shop: Workshop) -> Verdict:
        shop.sign()
        statement = shop.statement()
        change(statement)
        close(statement)
        shop.sign_statement(statement)
        return shop.verify()

    return do


def close(statement: dict[str, Any]) -> None:
    """Make the root digest fit again, so that it is not what gives the attack away."""
    total = hashlib.sha256()
    for one in statement["predicate"].get("resources", []):
        try:
            total.update(bytes.fromhex(one["digest"]))
        except ValueError:
            return
    statement["subject"][0]["digest"] = {"sha256": total.hexdigest()}


def entries(statement: dict[str, Any]) -> list[dict[str, Any]]:
    return statement["predicate"]["resources"]  # type: ignore[no-any-return]


def named(name: str) -> Callable[[Workshop], Verdict]:
    return stating(lambda statement: entries(statement)[0].update(name=name))
