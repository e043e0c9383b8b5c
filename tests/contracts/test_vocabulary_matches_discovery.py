"""Every operation, parameter and path of Google Cloud's plans and vocabulary is in Google's own
published description of its APIs.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import msgspec

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.shapes.table import SHAPES
from mlsec.providers.gcp.tables import DISCOVERY, operations_of, plans, routes
from mlsec.vocabulary.types import Property
from tests.estate.gcp_discovery import Api, Method, api, api_name
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()


def _by_type() -> dict[str, TypePlan]:
    """Give one plan for each type; a second one, for what stands inside its parent, adds reads."""
    found: dict[str, TypePlan] = {}
    for plan in plans():
        known = found.get(plan.type, plan)
        reads = tuple({read.name: read for read in (*known.reads, *plan.reads)}.values())
        listing = known.listing or plan.listing
        found[plan.type] = msgspec.structs.replace(known, listing=listing, reads=reads)
    return found


PLANS = _by_type()
ROUTES = routes()
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
# A shape gives these as they come; what other shapes give is of their own making.
_PLAIN_SHAPES = ("", "elements", "first")
_RIGHT = re.compile(r"[a-z]+(\.[a-zA-Z]+){2}(,[a-z]+(\.[a-zA-Z]+){2})*")
_IN_PATH = re.compile(r"\{[a-zA-Z_]+\}")


def api_of(operation: Operation) -> Api:
    return api(api_name(operation.service, ROUTES[operation.label].path))


@functools.cache
def method_of(label: str, near: str) -> Method:
    """Give the method that a route leads to; ``near`` is a method of the same collection."""
    service, route = label.partition(":")[0], ROUTES[label]
    pattern = re.compile(".+?".join(_pieces(route)))
    example = _IN_PATH.sub("some", route.path)
    found = [
        method
        for method in api(api_name(service, route.path)).methods
        if method.verb == route.method
        and method.id != near
        # What a full name fills leads to one resource, never to a collection.
        and method.path.endswith("}") >= route.path.endswith("}")
        and (pattern.fullmatch(_holes_alike(method.path)) or method.pattern.fullmatch(example))
    ]
    assert found, f"{label}: {service} has no {route.method} {route.path}"
    return max(found, key=lambda method: (_shared(method.id, near), -method.path.count("/")))


def _pieces(route: Route) -> list[str]:
    filled = route.path.replace("{project}", "{}").replace("{region}", "{}")
    filled = re.sub(r"(?<=/)-(?=/|$)|(?<=locations/)global", "{}", filled)
    # A deny policy stands below the encoded name of what it is attached to, as one segment.
    filled = re.sub(r"[^/]+%2F[^/]+/denypolicies", "{}/{}", filled)
    return [re.escape(piece) for piece in _IN_PATH.split(filled)]


def _holes_alike(path: str) -> str:
    return re.sub(r"\{\+?[^}]+\}", "{}", path)


def _shared(name: str, near: str) -> int:
    mine, other = name.split(".")[:-1], near.split(".")[:-1]
    same = [a == b for a, b in zip(mine, other, strict=False)]
    return (same.index(False) if False in same else len(same)) * 100 - len(mine)


def method(plan: TypePlan, operation: Operation) -> Method:
    """Give an operation's method: of several that fit, the one nearest to what was listed."""
    near = ""
    if plan.listing is not None and plan.listing.label != operation.label:
        near = method(plan, plan.listing).id
    elif plan.parent:
        near = method(PLANS[plan.parent], PLANS[plan.parent].listing or operation).id
    return method_of(operation.label, near)


def schema_at(plan: TypePlan, operation: Operation, path: str) -> Any:
    schema = method(plan, operation).response
    return api_of(operation).at(schema, path) if schema else None


def entry_path(operation: Operation) -> str:
    """Give where one entry of a listing stands in the answer."""
    route = ROUTES[operation.label]
    return f"items.any.{route.aggregated}[]" if route.aggregated else f"{operation.items}[]"


def part_at(plan: TypePlan, name: str, path: str) -> Any:
    """Follow a path into an operation's answer, as the vocabulary writes it."""
    operation = next((each for each in operations_of(plan) if each.name == name), None)
    assert operation is not None, f"{name} is not asked for {plan.type}"
    if operation is plan.listing and operation.items:
        inside = entry_path(operation)
        # A list of bare strings gives entries {"value": string}.
        path = "" if path == "value" else path
        return schema_at(plan, operation, inside if path in ("", ".") else f"{inside}.{path}")
    return schema_at(plan, operation, path)


@for_each("name", sorted(OPERATIONS))
def test_operation_exists_and_takes_these_parameters(name: str) -> None:
    plan, operation = OPERATIONS[name]
    route, found = ROUTES[operation.label], method(plan, operation)
    rest = operation.params.keys() - set(route.holes)

    assert route.is_read
    assert set(route.holes) <= {*operation.params, "project", "region"}
    if route.method == "GET":
        assert rest <= found.parameters.keys()
    if route.page_size:
        assert {route.size_name, "pageToken"} <= found.parameters.keys()
    elif operation.items:
        assert "pageToken" not in found.parameters or route.size_name not in found.parameters


@for_each("name", sorted(OPERATIONS))
def test_operation_names_the_permission_it_needs(name: str) -> None:
    _, operation = OPERATIONS[name]
    assert _RIGHT.fullmatch(operation.action), operation.action


@for_each("name", sorted(OPERATIONS))
def test_list_key_and_redacted_paths_exist_in_the_answer(name: str) -> None:
    plan, operation = OPERATIONS[name]
    if operation.items:
        kind = schema_at(plan, operation, operation.items)
        wanted = "object" if ROUTES[operation.label].aggregated else "array"
        assert kind is not None
        assert kind["type"] == wanted
    for path in operation.redact:
        assert schema_at(plan, operation, path.replace(".*", ".any")) is not None, path


@for_each("name", sorted(OPERATIONS))
def test_parameters_are_filled_from_what_was_read_before(name: str) -> None:
    plan, operation = OPERATIONS[name]
    for value in (*operation.params.values(), *operation.only_if):
        if not isinstance(value, str) or not value.startswith("$."):
            continue
        first, _, rest = value[2:].partition(".")
        is_given = plan.listing is None and value in ("$.account", "$.region")
        is_earlier = any(read.name == first for read in plan.reads)
        is_entry = plan.listing is not None and (
            value == "$.value" or part_at(plan, plan.listing.name, value[2:]) is not None
        )
        assert is_given or is_entry or (is_earlier and part_at(plan, first, rest) is not None)


@for_each(
    ("plan", "wanted", "source"), SOURCES, lambda plan, wanted, _: f"{plan.type}.{wanted.name}"
)
def test_property_is_read_from_a_path_that_exists(
    plan: TypePlan, wanted: Property, source: str
) -> None:
    name, _, path = source.partition(":")
    while name.startswith("parent."):
        plan, name = PLANS[plan.parent], name.removeprefix("parent.")
    if plan.listing is None and name == "":
        return
    found = part_at(plan, name, path)
    assert found is not None, f"{name} does not answer {path}"
    assert not wanted.shape or wanted.shape in SHAPES
    assert_items_exist(plan, wanted, name, path)


def assert_items_exist(plan: TypePlan, wanted: Property, name: str, path: str) -> None:
    if wanted.shape not in _PLAIN_SHAPES:
        return
    for key, field in wanted.items.items():
        assert not field.shape or field.shape in SHAPES
        for inner in field.sources.get("api", (key,)):
            below = path if inner in ("", ".") else f"{path}[].{inner}"
            assert part_at(plan, name, below) is not None, f"{below} ({key})"
            assert_items_exist(plan, field, name, below)


@for_each("name", sorted(PLANS))
def test_planned_type_is_in_the_vocabulary(name: str) -> None:
    assert name in VOCABULARY.types


@for_each("operation", DISCOVERY, called=lambda each: each.label)
def test_operations_that_find_projects_and_places_exist(operation: Operation) -> None:
    found = method_of(operation.label, "")
    assert api_of(operation).at(found.response, operation.items)["type"] in ("array", "object")


def test_every_route_belongs_to_an_operation() -> None:
    asked = {operation.label for _, operation in OPERATIONS.values()}
    assert set(ROUTES) - asked - {operation.label for operation in DISCOVERY} == set()
