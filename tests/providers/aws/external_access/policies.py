"""Random resource policies: each operator with each key, in allows and in denies."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.providers.aws.external_access.keys import OTHER, OWN, Key

PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": f"arn:aws:iam::{OTHER}:root"},
    {"AWS": OTHER},
    {"AWS": f"arn:aws:iam::{OTHER}:role/x"},
    {"AWS": f"arn:aws:iam::{OTHER}:user/u"},
    {"AWS": f"arn:aws:sts::{OTHER}:assumed-role/x/deploy"},
    {"AWS": f"arn:aws:iam::{OWN}:root"},
    {"AWS": [f"arn:aws:iam::{OWN}:role/runner", f"arn:aws:iam::{OTHER}:root"]},
    {"AWS": f"arn:aws:iam::{OWN}:role/runner"},
    {"Service": "cloudtrail.amazonaws.com"},
)
_WEIGHTS = (8, 3, 3, 1, 2, 1, 1, 2, 1, 2, 1)


class Style:
    """What the policies of one kind of resource speak of."""

    def __init__(
        self,
        actions: Sequence[str | list[str]],
        resources: Sequence[str | list[str]],
        keys: Sequence[Key],
    ) -> None:
        self.actions, self.resources, self.keys = actions, resources, keys


def random_policy(chance: random.Random, style: Style, *, exotic: bool = True) -> dict[str, Any]:
    """Write one policy of one to four statements."""
    count = chance.choices((1, 2, 3, 4), (5, 5, 2, 1))[0]
    statements = [_statement(chance, style, exotic=exotic) for _ in range(count)]
    if all(each["Effect"] == "Deny" for each in statements):
        statements[0] = _statement(chance, style, exotic=exotic, effect="Allow")
    return {"Version": "2012-10-17", "Statement": statements}


def random_controls(
    chance: random.Random, style: Style, *, exotic: bool = True
) -> tuple[dict[str, Any], ...]:
    """Write one or two resource control policies, which deny everybody something."""

    def deny() -> dict[str, Any]:
        made = _statement(chance, style, exotic=exotic, effect="Deny")
        made.pop("NotPrincipal", None)
        return {**made, "Principal": "*"}

    return tuple(
        {"Version": "2012-10-17", "Statement": [deny() for _ in range(chance.choice((1, 1, 2)))]}
        for _ in range(chance.choice((1, 1, 2)))
    )


def _statement(
    chance: random.Random, style: Style, *, exotic: bool, effect: str = ""
) -> dict[str, Any]:
    effect = effect or chance.choices(("Allow", "Deny"), (7, 3))[0]
    made: dict[str, Any] = {"Effect": effect}
    if chance.random() < (0.12 if effect == "Deny" else 0.02):
        made["NotPrincipal"] = chance.choice(PRINCIPALS[2:10])
    else:
        made["Principal"] = chance.choices(PRINCIPALS, _WEIGHTS)[0]
        if effect == "Deny" and chance.random() < 0.6:
            made["Principal"] = "*"
    made["NotAction" if chance.random() < 0.06 else "Action"] = chance.choice(style.actions)
    made["NotResource" if chance.random() < 0.06 else "Resource"] = chance.choice(style.resources)
    if made.get("NotResource") == "*" or made.get("NotAction") == "*":
        made = {
            k.replace("Not", "") if k in ("NotResource", "NotAction") else k: v
            for k, v in made.items()
        }
    condition: dict[str, Any] = {}
    for _ in range(chance.choices((0, 1, 2), (3, 6, 2))[0]):
        operator, key, values = _condition(chance, style.keys, exotic=exotic)
        condition.setdefault(operator, {})[key] = values
    if condition:
        made["Condition"] = condition
    return made


def _condition(
    chance: random.Random, keys: Sequence[Key], *, exotic: bool
) -> tuple[str, str, str | list[str]]:
    usable = [key for key in keys if exotic or not key.is_exotic]
    key = chance.choice(usable)
    if chance.random() < 0.07:
        return "Null", key.name, chance.choice(("true", "false"))
    operator = chance.choice(key.operators)
    if chance.random() < 0.15:
        operator += "IfExists"
    if ":" not in operator and chance.random() < 0.04:
        operator = chance.choice(("ForAnyValue:", "ForAllValues:")) + operator
    values = chance.sample(key.values, 2 if len(key.values) > 2 and chance.random() < 0.2 else 1)
    return operator, key.name, values if len(values) > 1 else values[0]
