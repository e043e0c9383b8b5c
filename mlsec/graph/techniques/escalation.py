"""Follow techniques through a graph: who can become privileged, how, and over whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.techniques.technique import Needs, Question, Target, TargetKind, Technique, Words
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """One open technique of an identity; ``target`` None: it works on the holder itself."""

    technique: Technique
    target: Target | None = None

    @property
    def text(self) -> str:
        """The rights, and whom they lead to where that is known: ``iam:PassRole -> admin``."""
        named = self.target is not None and self.target.name
        return f"{self.technique.label} -> {named}" if named else self.technique.label


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """What techniques give one identity. ``undecided`` is NO when each of them was decided."""

    is_open: Answer
    undecided: Answer
    paths: tuple[Path, ...]


def ask(needs: Needs, identity: Resource, target: Target | None, graph: Graph) -> Answer:
    """Say whether an identity has all that is needed, on a target."""
    answers = (
        part.ask(identity, target, graph)
        if isinstance(part, Question)
        else ask(part, identity, target, graph)
        for part in needs.parts
    )
    return any_of(answers) if needs.is_any else all_of(answers)


def escalations(
    words: Words, techniques: Iterable[Technique], graph: Graph
) -> Mapping[str, Escalation]:
    """Say of every identity of a cloud, by its id, which techniques are open to it.

    Who can act as somebody privileged is privileged, so this goes on until nobody is added: first
    with what is known for sure, then with what is not known.
    """
    search = _Search(words, tuple(techniques), graph)
    search.begin()
    search.follow(Truth.TRUE)
    search.follow(Truth.UNKNOWN)
    return {identity.id: search.result(identity.id) for identity in search.identities}


class _Search:
    """One run over the identities of a graph."""

    def __init__(self, words: Words, techniques: tuple[Technique, ...], graph: Graph) -> None:
        self._words, self._graph = words, graph
        self.identities = tuple(i for name in words.types for i in graph.of_type(name))
        self._admin = {i.id: words.is_admin(i, graph) for i in self.identities}
        self._candidates = {
            technique.id: [i for i in self.identities if _may_hold(technique.needs, i, graph)]
            for technique in techniques
        }
        self._techniques = [t for t in techniques if self._candidates[t.id]]
        self._paths: dict[str, dict[str, Path]] = {i.id: {} for i in self.identities}
        # What is not known of a technique of an identity, by their ids.
        self._doubts: dict[str, dict[str, Answer]] = {i.id: {} for i in self.identities}

    def begin(self) -> None:
        """Ask for what needs nobody privileged: the holder itself, whichever there is."""
        for technique in self._techniques:
            kind = self._kind(technique)
            for identity in self._candidates[technique.id]:
                for target in self._first_targets(technique, kind, identity):
                    self._note(technique, identity, target, YES)
                if kind is not None and kind.unseen and not self._is_open(technique, identity):
                    answer = kind.unseen(identity, technique.needs, self._graph)
                    self._doubt(technique, identity, answer)

    def follow(self, sure: Truth) -> None:
        """Ask for everything through which one acts as somebody who is privileged."""
        waiting = [i for i in self.identities if self._standing(i.id).truth is sure]
        is_done = {identity.id for identity in waiting}
        for privileged in waiting:
            standing = self._standing(privileged.id)
            for identity in self._act_as(privileged, standing):
                if identity.id not in is_done and self._standing(identity.id).truth is sure:
                    is_done.add(identity.id)
                    waiting.append(identity)

    def result(self, name: str) -> Escalation:
        """Put together what was learned of one identity."""
        paths, doubts = self._paths[name], self._doubts[name]
        undecided = any_of(answer for key, answer in doubts.items() if key not in paths)
        return Escalation(
            is_open=YES if paths else undecided,
            undecided=undecided,
            paths=tuple(paths[key] for key in sorted(paths)),
        )

    def _act_as(self, privileged: Resource, standing: Answer) -> Iterable[Resource]:
        through: dict[str, tuple[Target, ...]] = {}
        for technique in self._techniques:
            kind = self._kind(technique)
            if kind is None or kind.is_raised:
                continue
            if technique.target not in through:
                through[technique.target] = kind.leading_to(privileged, self._graph)
            for identity in self._candidates[technique.id] if through[technique.target] else ():
                if identity.id == privileged.id or not _is_near(identity, privileged, kind):
                    continue
                for target in through[technique.target]:
                    if not self._is_open(technique, identity):
                        self._note(technique, identity, target, standing)
                yield identity

    def _first_targets(
        self, technique: Technique, kind: TargetKind | None, identity: Resource
    ) -> Iterable[Target | None]:
        if kind is None:
            yield None
            return
        if kind.has_whichever:
            yield Target(kind=technique.target)
        for other in self.identities if kind.is_raised else ():
            if self._is_open(technique, identity):
                return
            if other.id != identity.id and _is_near(identity, other, kind):
                yield from kind.leading_to(other, self._graph)

    def _note(
        self, technique: Technique, identity: Resource, target: Target | None, standing: Answer
    ) -> None:
        answer = all_of((ask(technique.needs, identity, target, self._graph), standing))
        if answer == YES:
            self._paths[identity.id][technique.id] = Path(technique=technique, target=target)
        else:
            self._doubt(technique, identity, answer)

    def _doubt(self, technique: Technique, identity: Resource, answer: Answer) -> None:
        if answer.truth is Truth.UNKNOWN:
            doubts = self._doubts[identity.id]
            doubts[technique.id] = any_of((doubts.get(technique.id, NO), answer))

    def _standing(self, name: str) -> Answer:
        """Say whether an identity is privileged, by all that is known so far."""
        if self._paths[name] or self._admin[name] == YES:
            return YES
        reasons = any_of((self._admin[name], *self._doubts[name].values()))
        return unknown(reasons.because) if reasons.truth is Truth.UNKNOWN else NO

    def _is_open(self, technique: Technique, identity: Resource) -> bool:
        return technique.id in self._paths[identity.id]

    def _kind(self, technique: Technique) -> TargetKind | None:
        return self._words.targets[technique.target] if technique.target else None


def _is_near(identity: Resource, other: Resource, kind: TargetKind) -> bool:
    return kind.is_across_scopes or identity.scope == other.scope


def _may_hold(needs: Needs, identity: Resource, graph: Graph) -> bool:
    checks = (
        part.may_hold(identity, graph)
        if isinstance(part, Question)
        else _may_hold(part, identity, graph)
        for part in needs.parts
    )
    return any(checks) if needs.is_any else all(checks)
