"""Which fields of Azure's answers the vocabulary names, and how they are found in a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.azure.reader import plans
from mlsec.core.vocabulary import Property, Vocabulary

# A model whose fields are free in form, or not looked into.
OPEN = "*"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One path that the vocabulary reads: where it stands, the operation, the steps."""

    where: str
    operation: str
    steps: tuple[str, ...]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What one service publishes: the model of an operation's item, and every model's fields."""

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
        if not steps or model == OPEN:
            return ()
        # Older models flatten: "properties.replicaCount" is one field.
        for count in range(len(steps), 0, -1):
            field = ".".join(steps[:count])
            for target in self.models.get(model, {}).get(field, "-").split("|"):
                below = None if target == "-" else self._follow(target, steps[count:])
                if below is not None:
                    return (model, *below)
        return None


def paths_of(vocabulary: Vocabulary, service: str) -> Iterator[Named]:
    """Give every path that types listed by a service's operations read from its answers."""
    for plan in plans():
        listing = plan.listing
        if listing is None or listing.service != service:
            continue
        found = vocabulary.types[plan.type]
        sources = {**{f"id {k}": v for k, v in found.identity.items()},
                   **{f"name {k}": v for k, v in found.naming.items()}}  # fmt: skip
        for where, given in sources.items():
            yield from _from_sources(f"{plan.type} {where}", given, listing.name)
        for name, wanted in found.properties.items():
            yield from _of_property(f"{plan.type}.{name}", wanted, listing.name)


def _of_property(where: str, wanted: Property, operation: str) -> Iterator[Named]:
    for named in _from_sources(where, wanted.sources.get("api", ()), operation):
        yield named
        # A shape that makes elements of its own names its fields itself.
        is_pairs = wanted.shape == "entries"
        if wanted.shape and not is_pairs:
            continue
        for name, item in wanted.items.items():
            for below in _of_item(f"{where}[].{name}", name, item, is_pairs=is_pairs):
                yield Named(where=below.where, operation=operation,
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


def _from_sources(where: str, sources: tuple[str, ...], operation: str) -> Iterator[Named]:
    for source in sources:
        for piece in [p.partition("}")[0] for p in source.split("{")[1:]] or [source]:
            named, _, path = piece.partition(":")
            if named == operation:
                yield Named(where=where, operation=operation, steps=_steps(path))


def _steps(path: str) -> tuple[str, ...]:
    """Take a path apart; what redaction added (``~secret``) is none of the provider's."""
    pieces = [piece.replace("[]", "") for piece in path.split(".")]
    end = next((at for at, piece in enumerate(pieces) if piece.startswith("~")), len(pieces))
    return tuple(pieces[:end])
