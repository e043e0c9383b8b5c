"""Run the examples of techniques: in each of these small accounts one is open, or only nearly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.enums import Truth
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory, Resource
from mlsec.core.strict_yaml import Document
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.rules.documents import check_document, filled
from mlsec.graph.build import Facts, build_graph
from mlsec.graph.graph import Graph
from mlsec.graph.techniques.escalation import escalations
from mlsec.graph.techniques.technique import Needs, Technique, TechniqueExample, Words
from mlsec.vocabulary.types import Vocabulary

ASKED = "self"
_ACCOUNT = "111122223333"
_OWN_KEYS = ("type", "id", "name", "region", "scope", "unread")


class TechniqueMistake(msgspec.Struct, frozen=True, kw_only=True):
    """An example that came out otherwise, or a need that no example is about."""

    technique: str
    place: str
    what: str


def run_technique_examples(
    technique: Technique, words: Words, vocabulary: Vocabulary, facts: Facts
) -> tuple[TechniqueMistake, ...]:
    """Give the examples that came out otherwise than they say, and each need without a near miss.

    Raises:
        MlsecError: an example with an unknown type, property or word.
    """
    mistakes = []
    near_misses = []
    for example in technique.examples:
        graph = example_graph(example, words, vocabulary, facts)
        truth = truth_in(technique, words, graph)
        wanted = Truth.TRUE if example.is_open else Truth.FALSE
        if truth is not wanted:
            what = f"the technique is {_SAID[truth]} in this example, not {_SAID[wanted]}"
            mistakes.append(_mistake(technique, what, example.place))
        if not example.is_open:
            near_misses.append(graph)
    for label, weaker in _without_one(technique.needs):
        loose = msgspec.structs.replace(technique, needs=weaker)
        if all(truth_in(loose, words, graph) is not Truth.TRUE for graph in near_misses):
            what = f"no closed example lacks only {label}"
            mistakes.append(_mistake(technique, what, technique.place))
    return tuple(mistakes)


_SAID = {Truth.TRUE: "open", Truth.FALSE: "closed", Truth.UNKNOWN: "undecided"}


def truth_in(technique: Technique, words: Words, graph: Graph) -> Truth:
    """Say whether a technique alone is open to the identity that an example asks about."""
    standings = escalations(words, (technique,), graph)
    asked = next(r.id for r in graph.resources.values() if r.tags.get(ASKED))
    return standings[asked].is_open.truth


def example_graph(
    example: TechniqueExample, words: Words, vocabulary: Vocabulary, facts: Facts
) -> Graph:
    """Build the small account of an example; what it does not name is not there.

    Raises:
        MlsecError: an unknown type, property or word.
    """
    raw: Mapping[str, Mapping[str, Any]] = example.document.get("resources", {})
    if not raw and words.spell_out is not None:
        try:
            raw = words.spell_out(example.document)
        except ValueError as error:
            raise MlsecError(str(error), location=example.place) from None
    if not isinstance(raw, Mapping) or ASKED not in raw:
        raise MlsecError(
            f'an example has resources by name, one of them "{ASKED}"', location=example.place
        )
    resources = tuple(
        _resource(name, document, example.place, words, vocabulary)
        for name, document in raw.items()
    )
    if raw[ASKED].get("type") not in words.types:
        known = ", ".join(words.types)
        raise MlsecError(f'"{ASKED}" is one of {known}', location=example.place)
    scopes = {resource.scope for resource in resources}
    rows = tuple(
        TypeCoverage(type=name, scope=scope, region="")
        for scope in sorted(scopes)
        for name in vocabulary.types
        if name.startswith(f"{words.cloud}.")
    )
    inventory = Inventory(resources=resources, coverage=coverage_of(rows))
    return build_graph(vocabulary, inventory, facts)


def _resource(
    name: str, raw: Mapping[str, Any], place: str, words: Words, vocabulary: Vocabulary
) -> Resource:
    owner = vocabulary.types.get(str(raw.get("type")))
    if owner is None or owner.is_concept:
        raise MlsecError(f'"{name}" has no type of the vocabulary', location=place)
    own = {key: value for key, value in raw.items() if key not in _OWN_KEYS}
    mistakes = Diagnostics(Document(file=place, value=raw, places={}))
    check_document(own, owner, vocabulary, mistakes, ())
    if mistakes.errors:
        raise mistakes.errors[0]
    unread = tuple(raw.get("unread", ()))
    return Resource(
        id=str(raw.get("id", name)),
        type=owner.name,
        provider=words.cloud,
        scope=str(raw.get("scope", f"{words.cloud}/{_ACCOUNT}")),
        region=str(raw.get("region", "")),
        name=str(raw.get("name", name)),
        properties=filled(own, owner.properties, unread),
        unread=dict.fromkeys(unread, ("example",)),
        tags={ASKED: "yes"} if name == ASKED else {},
    )


def _without_one(needs: Needs) -> Iterator[tuple[str, Needs]]:
    """Give the needs with one of those that all are needed left out, and which one that was."""
    for n, part in enumerate(needs.parts):
        if isinstance(part, Needs):
            for label, weaker in _without_one(part):
                parts = (*needs.parts[:n], weaker, *needs.parts[n + 1 :])
                yield label, msgspec.structs.replace(needs, parts=parts)
        elif not needs.is_any:
            parts = (*needs.parts[:n], *needs.parts[n + 1 :])
            yield part.label or "what is no right", msgspec.structs.replace(needs, parts=parts)


def _mistake(technique: Technique, what: str, place: str) -> TechniqueMistake:
    return TechniqueMistake(technique=technique.id, place=place, what=what)


def count_examples(techniques: Iterable[Technique]) -> int:
    """Count all examples."""
    return sum(len(technique.examples) for technique in techniques)
