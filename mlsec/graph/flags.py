"""Switches of a resource as three-valued answers."""

from __future__ import annotations

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, unknown


def as_answer(fact: Known | Unknown) -> Answer:
    """Turn a boolean fact into an answer; unknown, with the gaps, when it was not read."""
    match fact:
        case Known(value=value):
            return YES if value else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def flag(resource: Resource, name: str) -> Answer:
    """Say whether a switch is on; unknown, with the gaps, when it was not read."""
    return as_answer(property_value(resource, name))


def is_one_of(resource: Resource, name: str, *wanted: object) -> Answer:
    """Say whether a property has one of these values; unknown when it was not read."""
    match property_value(resource, name):
        case Known(value=value):
            return YES if value in wanted else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)
