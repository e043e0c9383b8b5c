"""Steps into values: attributes, elements, and what a loop goes over."""

from __future__ import annotations

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import (
    Encoded,
    InvalidValue,
    Joined,
    SetOf,
    Space,
    Symbol,
    Value,
    kind_of,
    number_of,
    text_of,
)


def attribute_of(of: Value, name: str) -> Value:
    """Give ``of.name``."""
    if isinstance(of, UnknownValue):
        return _below(of, name)
    if isinstance(of, dict):
        return of[name] if name in of else InvalidValue(f'there is no attribute "{name}"')
    if isinstance(of, Space):
        return of.get(name)
    if isinstance(of, Symbol):
        return Symbol(of.address, (*of.path, name))
    if isinstance(of, list) and name.isdecimal():
        return element_of(of, int(name))
    return InvalidValue(f'{kind_of(of)} has no attribute "{name}"')


def element_of(of: Value, key: Value) -> Value:
    """Give ``of[key]``."""
    if isinstance(of, UnknownValue):
        return _below(of, str(key)) if isinstance(key, (str, int)) else of.worded()
    if isinstance(key, UnknownValue):
        return key
    if isinstance(of, list):
        at = number_of(key)
        if isinstance(at, UnknownValue):
            return at
        if not isinstance(at, int) or not 0 <= at < len(of):
            return InvalidValue(f"there is no element {at}")
        return of[at]
    if isinstance(key, (Symbol, Joined, Encoded)):
        return UnknownValue("a key that only the apply knows")
    if isinstance(of, Symbol) and isinstance(key, (str, int)):
        return Symbol(of.address, (*of.path, key))
    if isinstance(of, dict) and isinstance(key, (bool, int, float)):
        key = text_of(key)
    if isinstance(key, str):
        return attribute_of(of, key)
    if isinstance(of, Space) and isinstance(key, int):
        return of.get(str(key))
    return InvalidValue(f"{kind_of(of)} has no element of that key")


def _below(of: UnknownValue, name: str) -> UnknownValue:
    """What lies below something unknown is unknown for the same reason, in its own words."""
    if isinstance(of, InvalidValue) or not of.text.endswith("›"):
        return of
    return of.worded(f"{of.text[:-1]}.{name}›", among=of.among)


def items_of(of: Value) -> list[tuple[Value, Value]] | UnknownValue:
    """Give the keys and elements that a loop meets; maps in the order of their keys."""
    if isinstance(of, UnknownValue):
        return of
    if isinstance(of, SetOf):
        return [(element, element) for element in of]
    if isinstance(of, list):
        return list(enumerate(of))
    if isinstance(of, dict):
        return sorted(of.items())
    if isinstance(of, Symbol):
        return UnknownValue(f"{of.shown} is only known after the apply")
    if isinstance(of, Space):
        return UnknownValue("a loop over the attributes of a resource")
    return InvalidValue(f"a loop over {kind_of(of)}")
