"""An attack path from where the attacker stands to the harm, with what they do at each step.

A finding's path leads from the judged resource to what decided. As a story it begins on the
internet or with a principal outside, goes the way of data and rights, and ends with the gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.core.assessment import RuleSummary
from mlsec.core.catalogue import Catalogue
from mlsec.core.enums import Consequence, Exposure
from mlsec.core.finding import Finding, PathEdge
from mlsec.render.display import kind_of, shown
from mlsec.render.evidence_words import people
from mlsec.render.wording import Wording

# Relations whose target acts on what names it: the attacker goes the other way.
_TOWARDS = {
    "public_entry_points": "calls it",
    "artifact_buckets": "has its own files loaded",
    "schema_buckets": "has its own tool description read",
    "bucket": "has its own file loaded",
    "artifacts": "has the file loaded",
    "data_buckets": "has its own documents read",
    "training_buckets": "has its own data learnt from",
    "knowledge_bases": "puts its words into the answers",
    "writers": "overwrites what it holds",
    "notebooks": "runs code with its rights",
    "image": "has its own image started",
}
# Those that lead on to what the judged resource can do or where it runs.
_ONWARDS = {
    "role": "acts with its rights",
    "roles": "acts with its rights",
    "function_roles": "acts with its rights",
    "models": "runs where it is loaded",
    "endpoints": "runs where it is served",
    "action_groups": "has its tools called",
    "containers": "runs inside",
    "agent_versions": "is used by",
    "aliases": "is used by",
}
_ENTRY_BY = {
    Exposure.ANYONE: "The internet",
    Exposure.OUTSIDE: "Somebody outside the account",
    Exposure.INSIDE: "A user or workload inside",
    Exposure.PRIVILEGED: "Somebody with strong rights",
}
_HARMS = {
    Consequence.TAKEOVER: "Runs code, replaces what is served, or acts as a privileged identity",
    Consequence.DATA: "Reads or changes models, data, prompts or secrets",
    Consequence.SERVICE: "Stops the service, runs up its cost, or hides the attack",
    Consequence.RECORD: "Leaves nothing that can be traced",
}
_PUBLIC = ("is_public", "public", "has_public_entry_point", "anonymous")
_WRITING = ("external_writers", "external_pushers")


class StoryNode(msgspec.Struct, frozen=True, kw_only=True):
    """One stop: the ``attacker``, a ``resource`` or the ``harm``; ``notes`` say what is wrong."""

    part: str
    kind: str
    name: str
    id: str = ""
    notes: tuple[str, ...] = ()
    is_subject: bool = False


class StoryEdge(msgspec.Struct, frozen=True, kw_only=True):
    """What the attacker does to get from one stop to another, by their positions."""

    source: int
    target: int
    does: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The stops in the order in which they are reached, and the steps between them."""

    nodes: tuple[StoryNode, ...]
    edges: tuple[StoryEdge, ...]


def story_of(
    finding: Finding, rule: RuleSummary | None, catalogue: Catalogue, wording: Wording
) -> Story:
    """Tell the path of a finding; one without a path is a story of one resource."""
    notes = _notes(finding, wording)
    path = finding.path
    resources = [
        StoryNode(
            part="resource",
            kind=kind_of(node.type, catalogue.types),
            name=shown(node.name or node.id, 200),
            id=node.id,
            notes=tuple(notes.get(node.id, ())),
            is_subject=not position,
        )
        for position, node in enumerate(path.nodes if path else ())
    ]
    edges = [_turned(edge) for edge in (path.edges if path else ())]
    nodes, edges = _with_attackers(finding, rule, resources, edges)
    nodes, edges = _with_harm(rule, nodes, edges)
    return _in_order(nodes, edges)


def _notes(finding: Finding, wording: Wording) -> Mapping[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for item, sentence in wording.sentences(finding):
        if item.path != "id":
            notes.setdefault(item.resource or finding.resource.id, []).append(sentence)
    return notes


def _turned(edge: PathEdge) -> StoryEdge:
    if edge.relation in _TOWARDS:
        return StoryEdge(source=edge.target, target=edge.source, does=_TOWARDS[edge.relation])
    words = shown(edge.relation, 40).replace("_", " ")
    return StoryEdge(
        source=edge.source, target=edge.target, does=_ONWARDS.get(edge.relation, words)
    )


def _with_attackers(
    finding: Finding,
    rule: RuleSummary | None,
    nodes: Sequence[StoryNode],
    edges: Sequence[StoryEdge],
) -> tuple[list[StoryNode], list[StoryEdge]]:
    """Put the attackers in front: where the evidence says who gets in, else where a way begins."""
    position = {node.id: number for number, node in enumerate(nodes)}
    entries: dict[tuple[str, str], list[int]] = {}
    for item in finding.evidence:
        target = position.get(item.resource or finding.resource.id)
        name = item.path.rpartition(".")[2]
        if target is None or item.actual is not True:
            continue
        if name in _PUBLIC:
            entries.setdefault(("The internet", "calls it"), []).append(target)
        elif name.removeprefix("has_") in _WRITING:
            named = item.named if item.named is not msgspec.UNSET else ()
            who = people(named) if named else "Somebody outside the account"
            entries.setdefault((who[:1].upper() + who[1:], "writes to it"), []).append(target)
    if not entries:
        exposure = rule.exposure if rule is not None else msgspec.UNSET
        who = "An attacker" if exposure is msgspec.UNSET else _ENTRY_BY[exposure]
        entries[who, "starts here"] = _beginnings(len(nodes), edges)
    return _joined(entries, nodes, edges)


def _joined(
    entries: Mapping[tuple[str, str], Sequence[int]],
    nodes: Sequence[StoryNode],
    edges: Sequence[StoryEdge],
) -> tuple[list[StoryNode], list[StoryEdge]]:
    """Add each attacker once, however many ways in they have."""
    all_nodes, all_edges = [*nodes], [*edges]
    known: dict[str, int] = {}
    for (who, does), targets in entries.items():
        if who not in known:
            known[who] = len(all_nodes)
            all_nodes.append(StoryNode(part="attacker", kind="Attacker", name=who))
        all_edges.extend(
            StoryEdge(source=known[who], target=target, does=does)
            for target in dict.fromkeys(targets)
        )
    return all_nodes, all_edges


def _with_harm(
    rule: RuleSummary | None, nodes: list[StoryNode], edges: list[StoryEdge]
) -> tuple[list[StoryNode], list[StoryEdge]]:
    """End every way with what is gained."""
    consequence = rule.consequence if rule is not None else msgspec.UNSET
    name = "What the finding says" if consequence is msgspec.UNSET else _HARMS[consequence]
    left = {edge.source for edge in edges}
    ends = [number for number in range(len(nodes)) if number not in left]
    if not ends:  # a circle has no end: what was judged is where it hurts
        ends = [number for number, node in enumerate(nodes) if node.is_subject]
    harm = StoryNode(part="harm", kind="Harm", name=name)
    to_harm = (StoryEdge(source=end, target=len(nodes), does="gains") for end in ends)
    return [*nodes, harm], [*edges, *to_harm]


def _beginnings(count: int, edges: Iterable[StoryEdge]) -> list[int]:
    reached = {edge.target for edge in edges}
    return [number for number in range(count) if number not in reached] or [0][:count]


def _in_order(nodes: Sequence[StoryNode], edges: Sequence[StoryEdge]) -> Story:
    """Sort the stops so that what leads to a stop stands before it, each way kept together."""
    into: dict[int, list[int]] = {number: [] for number in range(len(nodes))}
    for edge in edges:
        into[edge.target].append(edge.source)
    order: list[int] = []
    waiting = [(len(nodes) - 1, iter(into[len(nodes) - 1]))]
    visited = {len(nodes) - 1}
    while waiting:
        number, sources = waiting[-1]
        source = next((item for item in sources if item not in visited), None)
        if source is None:
            order.append(number)
            waiting.pop()
        else:
            visited.add(source)
            waiting.append((source, iter(into[source])))
    rest = [number for number in range(len(nodes)) if number not in visited]
    order = [*rest, *order]
    place = {number: at for at, number in enumerate(order)}
    return Story(
        nodes=tuple(nodes[number] for number in order),
        edges=tuple(
            sorted(
                (
                    StoryEdge(source=place[edge.source], target=place[edge.target], does=edge.does)
                    for edge in edges
                ),
                key=lambda edge: (edge.source, edge.target, edge.does),
            )
        ),
    )
