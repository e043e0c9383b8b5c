"""Every operation, parameter and path that the plans and the vocabulary name exists in botocore."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.aws.services import SERVICES
from mlsec.providers.aws.shapes.table import SHAPES
from mlsec.vocabulary.types import Property
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
PLANS = {plan.type: plan for plans in SERVICES.values() for plan in plans}
# A shape gives these as they come; what other shapes give is of their own making.
_PLAIN_SHAPES = ("", "elements", "first")


def operations_of(plan: TypePlan) -> Iterator[Operation]:
    if plan.listing is not None:
        yield plan.listing
    yield from plan.reads
    if plan.bulk is not None:
        yield plan.bulk.operation


OPERATIONS = {
    f"{plan.type}-{operation.name}": (plan, operation)
    for plan in PLANS.values()
    for operation in operations_of(plan)
}
SOURCES = [
    (PLANS[found.name], wanted, source)
    for found in VOCABULARY.types.values()
    if found.name in PLANS
    for wanted in found.properties.values()
    for source in wanted.sources.get("api", ())
]


@functools.cache
def service_model(name: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(name)


def model_of(operation: Operation) -> OperationModel:
    return service_model(operation.service).operation_model(operation.name)


def at(shape: Shape | None, path: str) -> Shape | None:
    """Follow a dotted path into a shape; None when it leads nowhere."""
    for step in path.replace("[", ".[").split(".") if path else ():
        if shape is None or step.startswith("~") or getattr(shape, "is_document_type", False):
            return shape
        if step:
            shape = step_into(shape, step)
    return shape


def step_into(shape: Shape, step: str) -> Shape | None:
    match shape.type_name:
        case "list":
            return getattr(shape, "member", None) if step.startswith("[") else None
        case "map":
            return getattr(shape, "value", None)
        case "structure":
            return getattr(shape, "members", {}).get(step)
    return None


def entry_shape(operation: Operation) -> Shape | None:
    """Give what one entry of a listing looks like."""
    listed = at(model_of(operation).output_shape, operation.items)
    return getattr(listed, "member", None)


def part_shape(plan: TypePlan, name: str) -> Shape | None:
    if plan.listing is not None and plan.listing.name == name:
        return entry_shape(plan.listing)
    for read in plan.reads:
        if read.name == name:
            return model_of(read).output_shape
    return None


def assert_items_exist(wanted: Property, shape: Shape, path: str) -> None:
    if wanted.shape not in _PLAIN_SHAPES:
        return
    element: Any = getattr(shape, "member", shape)
    for name, field in wanted.items.items():
        assert not field.shape or field.shape in SHAPES
        for inner in field.sources.get("api", (name,)):
            found = at(element, inner)
            assert found is not None, f"{path}[] has no {inner} ({name})"
            assert_items_exist(field, found, f"{path}[].{inner}")


@for_each("name", sorted(OPERATIONS))
def test_operation_exists_and_takes_these_parameters(name: str) -> None:
    _, operation = OPERATIONS[name]
    model = model_of(operation)
    known: dict[str, Shape] = dict(model.input_shape.members) if model.input_shape else {}
    required = set(model.input_shape.required_members) if model.input_shape else set()

    assert set(operation.params) <= set(known)
    assert required <= set(operation.params)
    for key, value in operation.params.items():
        allowed = getattr(known[key], "enum", [])
        if allowed and isinstance(value, str) and not value.startswith("$"):
            assert value in allowed


@for_each("name", sorted(OPERATIONS))
def test_list_key_and_redacted_paths_exist_in_the_answer(name: str) -> None:
    _, operation = OPERATIONS[name]
    output = model_of(operation).output_shape

    if operation.items:
        assert getattr(at(output, operation.items), "type_name", "") == "list"
    for path in operation.redact:
        found = at(output, path)
        assert found is not None, path


@for_each("name", sorted(OPERATIONS))
def test_parameters_are_filled_from_what_was_read_before(name: str) -> None:
    plan, operation = OPERATIONS[name]
    entry = entry_shape(plan.listing) if plan.listing is not None else None
    for value in (*operation.params.values(), *operation.only_if):
        if not isinstance(value, str) or not value.startswith("$."):
            continue
        first, _, rest = value[2:].partition(".")
        earlier = part_shape(plan, first)
        is_entry = at(entry, value[2:]) is not None or (value == "$.value" and entry is not None)
        is_given = plan.listing is None and value in ("$.account", "$.region")
        assert is_entry or is_given or (earlier is not None and at(earlier, rest) is not None)


@for_each("plan", [plan for plan in PLANS.values() if plan.bulk], lambda plan: plan.type)
def test_search_shares_a_key_with_the_listing(plan: TypePlan) -> None:
    assert plan.bulk is not None
    assert plan.listing is not None
    item = at(entry_shape(plan.bulk.operation), plan.bulk.item)

    assert at(item, plan.bulk.key) is not None
    assert at(entry_shape(plan.listing), plan.bulk.key) is not None


@for_each(
    ("plan", "wanted", "source"), SOURCES, lambda plan, wanted, _: f"{plan.type}.{wanted.name}"
)
def test_property_is_read_from_a_path_that_exists(
    plan: TypePlan, wanted: Property, source: str
) -> None:
    name, _, path = source.partition(":")
    if name == "GetResources" and part_shape(plan, name) is None:
        assert plan.tags_as
        return
    while name.startswith("parent."):
        plan, name = PLANS[plan.parent], name.removeprefix("parent.")
    shape = part_shape(plan, name)
    assert shape is not None, f"{name} is not asked for {plan.type}"
    # A listing of plain names: each is an entry whose only field is called value.
    is_name = path == "value" and shape.type_name == "string"
    found = shape if is_name else at(shape, path)
    assert found is not None, f"{name} does not answer {path}"
    assert not wanted.shape or wanted.shape in SHAPES
    if plan.bulk is not None and plan.bulk.stands_for == name:
        # What the search leaves out would read as absent.
        whole = at(entry_shape(plan.bulk.operation), plan.bulk.item)
        assert at(whole, path) is not None, f"the search does not answer {path}"
    assert_items_exist(wanted, found, path)


@for_each("name", sorted(PLANS))
def test_planned_type_is_in_the_vocabulary(name: str) -> None:
    assert name in VOCABULARY.types
