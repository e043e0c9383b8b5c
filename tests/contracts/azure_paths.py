"""Which fields of Azure's answers the vocabulary names, and how they are found in a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.collect.reader import plans
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.tables import operations_of, table_of
from mlsec.vocabulary.types import Property, Vocabulary

# A model whose fields are free in form, or not looked into.
OPEN = "*"
# Stands before the model of the values of a map, whose keys are the customer's.
MAP = "~"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One path that the vocabulary reads: where it stands, the operation's label, the steps."""

    where: str
    operation: str
    steps: tuple[str, ...]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What Microsoft publishes: the model of an operation's item, and every model's fields."""

    items: Mapping[str, str]
    models: Mapping[str, Mapping[str, str]]

    def walk(self, named: Named) -> tuple[str, ...]:
        """Give the models that a path goes through.

        Raises:
            LookupError: a step that no model has.
        """
        if named.operation not in self.items:
            return ()
        visited = self._follow(self.items[named.operation], named.steps)
        if visited is None:
            raise LookupError(f"{named.where}: no {'.'.join(named.steps)} in {named.operation}")
        return visited

    def _follow(self, model: str, steps: tuple[str, ...]) -> tuple[str, ...] | None:
        """Give the models on the way, None when the way ends before the steps do."""
        model = model.lstrip(MAP)
        if not steps or model == OPEN:
            return (model,) if model in self.models else ()
        field = steps[0]
        for target in self.models.get(model, {}).get(field, "-").split("|"):
            below = None if target == "-" else self._follow(target, steps[1:])
            if below is not None:
                return (model, *below)
        return None

    def models_of(self, operation: str, body: Any) -> Iterator[str]:
        """Give the models that a whole answer goes through."""
        yield from (model for model, _ in self._meet((self.items[operation],), body, "") if model)

    def unpublished(self, operation: str, body: Any) -> Iterator[str]:
        """Give the places in an answer where a field stands that is published nowhere."""
        yield from (at for _, at in self._meet((self.items[operation],), body, "") if at)

    def _meet(self, targets: tuple[str, ...], body: Any, at: str) -> Iterator[tuple[str, str]]:
        """Give every model met, and every place (else "") of a field that none of them has."""
        if isinstance(body, list):
            for each in body:
                yield from self._meet(targets, each, f"{at}[]")
        if not isinstance(body, Mapping) or OPEN in targets:
            return
        maps = tuple(target[1:] for target in targets if target.startswith(MAP))
        known = tuple(target for target in targets if target in self.models)
        yield from ((target, "") for target in known)
        for name, value in body.items():
            told = [self.models[each][name] for each in known if name in self.models[each]]
            if not told and not maps:
                yield "", f"{at}.{name}".lstrip(".")
            below = tuple(piece for each in told for piece in each.split("|"))
            yield from self._meet((*below, *maps), value, f"{at}.{name}")


def operations() -> Mapping[str, ArmRead]:
    """Give every read of Azure by its label."""
    return {k: o for k, o in table_of(plans()).items() if isinstance(o, ArmRead)}


def paths_of(vocabulary: Vocabulary) -> Iterator[Named]:
    """Give every path that types read from the answers of their plans' operations."""
    every = plans()
    for plan in every:
        if plan.type not in vocabulary.types:
            continue
        found = vocabulary.types[plan.type]
        labels = labels_of(plan, every)
        sources = {**{f"id {k}": v for k, v in found.identity.items()},
                   **{f"name {k}": v for k, v in found.naming.items()}}  # fmt: skip
        for where, given in sources.items():
            yield from _from_sources(f"{plan.type} {where}", given, labels)
        for name, wanted in found.properties.items():
            yield from _of_property(f"{plan.type}.{name}", wanted, labels)


def labels_of(plan: TypePlan, every: tuple[TypePlan, ...]) -> Mapping[str, str]:
    """Give the label of each operation that a type's sources may name, also of those above it."""
    found = {operation.name: operation.label for operation in operations_of(plan)}
    for above in every:
        if plan.parent and above.type == plan.parent:
            found |= {f"parent.{name}": label for name, label in labels_of(above, every).items()}
    return found


def _of_property(where: str, wanted: Property, labels: Mapping[str, str]) -> Iterator[Named]:
    for named in _from_sources(where, wanted.sources.get("api", ()), labels):
        yield named
        # A shape that makes elements of its own names its fields itself.
        is_pairs = wanted.shape == "entries"
        if wanted.shape and not is_pairs:
            continue
        for name, item in wanted.items.items():
            for below in _of_item(f"{where}[].{name}", name, item, is_pairs=is_pairs):
                yield Named(where=below.where, operation=named.operation,
                            steps=(*named.steps, *below.steps))  # fmt: skip


def _of_item(where: str, name: str, item: Property, *, is_pairs: bool) -> Iterator[Named]:
    for path in item.sources.get("api", (name,)):
        steps = _steps(path)
        if is_pairs:
            if steps[:1] != ("value",):
                continue
            steps = steps[1:]
        yield Named(where=where, operation="", steps=steps)
        is_below = item.items and (not item.shape or item.shape == "entries")
        for inner, field in item.items.items() if is_below else ():
            pairs = item.shape == "entries"
            for below in _of_item(f"{where}[].{inner}", inner, field, is_pairs=pairs):
                yield Named(where=below.where, operation="", steps=(*steps, *below.steps))


def _from_sources(
    where: str, sources: tuple[str, ...], labels: Mapping[str, str]
) -> Iterator[Named]:
    for source in sources:
        for piece in [p.partition("}")[0] for p in source.split("{")[1:]] or [source]:
            named, _, path = piece.partition(":")
            if named in labels:
                steps = _steps(path)
                # A reading of a whole list is judged by a shape; its entries are the models.
                is_listed = steps[:1] == ("value",) and operations()[labels[named]].items
                yield Named(where=where, operation=labels[named],
                            steps=steps[1:] if is_listed else steps)  # fmt: skip


def _steps(path: str) -> tuple[str, ...]:
    """Take a path apart; what redaction added (``~secret``) is none of the provider's."""
    pieces = [piece.replace("[]", "") for piece in path.split(".")] if path != "." else []
    end = next((at for at, piece in enumerate(pieces) if piece.startswith("~")), len(pieces))
    return tuple(pieces[:end])
