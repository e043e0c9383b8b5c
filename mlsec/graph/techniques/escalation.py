"""Follow techniques through a graph: who can become privileged, how, and over whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.techniques.rights import note_rights
from mlsec.graph.techniques.technique import Needs, Question, Target, TargetKind, Technique, Words
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


class Path(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
    followed = tuple(techniques)
    note_rights(words.cloud, followed, graph)
    search = _Search(words, followed, graph)
    search.follow(Truth.TRUE)
    search.follow(Truth.UNKNOWN)
    search.doubt()
    search.follow(Truth.UNKNOWN)
    return {identity.id: search.result(identity.id) for identity in search.identities}


class _Group:
    """Techniques that work on one kind of thing and begin with the same need.

    ``first`` is that need, None for a group of needs; ``rests`` are the other needs by technique.
    ``pending`` maps identities, by their scope, to the techniques that are not open to them so far.
    """

    def __init__(self, kind: str, first: Question | None) -> None:
        self.kind, self.first = kind, first
        self.rests: dict[str, Needs] = {}
        self.pending: dict[str, dict[str, tuple[Resource, dict[str, Technique]]]] = {}

    def add(self, technique: Technique, identities: Iterable[Resource]) -> None:
        """Take in a technique that these identities may have the rights for."""
        rest = technique.needs.parts[1:] if self.first is not None else technique.needs.parts
        self.rests[technique.id] = msgspec.structs.replace(technique.needs, parts=rest)
        for identity in identities:
            here = self.pending.setdefault(identity.scope, {})
            here.setdefault(identity.id, (identity, {}))[1][technique.id] = technique

    def waiting(self, scope: str = "") -> Iterator[tuple[Resource, dict[str, Technique]]]:
        """Give the identities of a scope, "" for all, with what is not open to them so far."""
        scopes = (scope,) if scope else tuple(self.pending)
        for name in scopes:
            yield from self.pending.get(name, {}).values()


class _Search:
    """One run over the identities of a graph."""

    def __init__(self, words: Words, techniques: tuple[Technique, ...], graph: Graph) -> None:
        self._words, self._graph = words, graph
        listed = (i for name in words.types for i in graph.of_type(name))
        self.identities = (*listed, *words.not_there(graph))
        self._by_scope: dict[str, list[Resource]] = {}
        for identity in self.identities:
            self._by_scope.setdefault(identity.scope, []).append(identity)
        self._admin = {i.id: words.is_admin(i, graph) for i in self.identities}
        self._paths: dict[str, dict[str, Path]] = {i.id: {} for i in self.identities}
        # What is not known of a technique of an identity, by their ids.
        self._doubts: dict[str, dict[str, Answer]] = {i.id: {} for i in self.identities}
        self._groups: dict[tuple[str, int], _Group] = {}
        self._alike: dict[tuple[str, str], Path] = {}
        self._whichever = {name: Target(kind=name) for name in words.targets}
        for technique in techniques:
            able = [i for i in self.identities if _may_hold(technique.needs, i, graph)]
            if able:
                self._begin(technique, able)

    def follow(self, sure: Truth) -> None:
        """Ask for everything through which one acts as somebody who is privileged."""
        waiting = [i for i in self.identities if self._standing(i.id).truth is sure]
        is_done = {identity.id for identity in waiting}
        for privileged in waiting:
            for identity in self._act_as(privileged, self._standing(privileged.id)):
                if identity.id not in is_done and self._standing(identity.id).truth is sure:
                    is_done.add(identity.id)
                    waiting.append(identity)

    def doubt(self) -> None:
        """Ask for rights on what the graph may not know."""
        for group in self._groups.values():
            unseen = self._words.targets[group.kind].unseen
            if unseen is None:
                continue
            for identity, techniques in group.waiting():
                for technique in techniques.values():
                    answer = unseen(identity, technique.needs, self._standing_of, self._graph)
                    self._note(technique, identity, Target(kind=group.kind), answer)

    def result(self, name: str) -> Escalation:
        """Put together what was learned of one identity."""
        paths, doubts = self._paths[name], self._doubts[name]
        undecided = any_of(answer for key, answer in doubts.items() if key not in paths)
        return Escalation(
            is_open=YES if paths else undecided,
            undecided=undecided,
            paths=tuple(paths[key] for key in sorted(paths)),
        )

    def _begin(self, technique: Technique, able: list[Resource]) -> None:
        """Ask for what needs nobody privileged: the holder itself, whichever there is."""
        kind = self._words.targets[technique.target] if technique.target else None
        for identity in able:
            for target in self._first_targets(technique, kind, identity):
                answer = ask(technique.needs, identity, target, self._graph)
                if self._note(technique, identity, target, answer):
                    break
        if kind is not None and not kind.is_raised:
            left = [i for i in able if technique.id not in self._paths[i.id]]
            question = _first_of(technique.needs)
            key = (technique.target, id(question))
            group = self._groups.setdefault(key, _Group(technique.target, question))
            group.add(technique, left)

    def _first_targets(
        self, technique: Technique, kind: TargetKind | None, identity: Resource
    ) -> Iterable[Target | None]:
        if kind is None:
            yield None
            return
        if kind.has_whichever:
            yield self._whichever[technique.target]
        near = self.identities if kind.is_across_scopes else self._by_scope[identity.scope]
        for other in near if kind.is_raised else ():
            if other.id != identity.id:
                yield from kind.leading_to(other, self._graph)

    def _act_as(self, privileged: Resource, standing: Answer) -> Iterable[Resource]:
        """Give those who learned of a way to act as somebody."""
        through: dict[str, tuple[Target, ...]] = {}
        for group in self._groups.values():
            kind = self._words.targets[group.kind]
            if group.kind not in through:
                through[group.kind] = kind.leading_to(privileged, self._graph)
            for target in through[group.kind]:
                if group.first is not None and not group.first.may_suit(target, self._graph):
                    continue
                near = group.waiting("" if kind.is_across_scopes else privileged.scope)
                for identity, techniques in near:
                    if not techniques or identity.id == privileged.id:
                        continue
                    if self._learn(group, identity, target, standing):
                        yield identity

    def _learn(self, group: _Group, identity: Resource, target: Target, standing: Answer) -> bool:
        first = YES if group.first is None else group.first.ask(identity, target, self._graph)
        if first == NO:
            return False
        techniques = group.pending[identity.scope][identity.id][1]
        learned = False
        for technique in tuple(techniques.values()):
            rest = ask(group.rests[technique.id], identity, target, self._graph)
            answer = all_of((first, rest, standing))
            learned = learned or answer != NO
            if self._note(technique, identity, target, answer):
                del techniques[technique.id]
        return learned

    def _note(
        self, technique: Technique, identity: Resource, target: Target | None, answer: Answer
    ) -> bool:
        """Keep an answer; say whether the technique is open."""
        if answer == YES:
            self._paths[identity.id][technique.id] = self._path(technique, target)
        elif answer != NO:
            doubts = self._doubts[identity.id]
            doubts[technique.id] = any_of((doubts.get(technique.id, NO), answer))
        return answer == YES

    def _path(self, technique: Technique, target: Target | None) -> Path:
        """Give a path; those to whichever there is are one for all identities."""
        if target is not None and target is not self._whichever.get(target.kind):
            return Path(technique=technique, target=target)
        key = (technique.id, "" if target is None else target.kind)
        return self._alike.setdefault(key, Path(technique=technique, target=target))

    def _standing_of(self, identity: Resource) -> Answer:
        return self._standing(identity.id)

    def _standing(self, name: str) -> Answer:
        """Say whether an identity is privileged, by all that is known so far."""
        if self._paths[name] or self._admin[name] == YES:
            return YES
        reasons = any_of((self._admin[name], *self._doubts[name].values()))
        return unknown(reasons.because) if reasons.truth is Truth.UNKNOWN else NO


def _first_of(needs: Needs) -> Question | None:
    first = needs.parts[0] if needs.parts and not needs.is_any else None
    return first if isinstance(first, Question) else None


def _may_hold(needs: Needs, identity: Resource, graph: Graph) -> bool:
    checks = (
        part.may_hold(identity, graph)
        if isinstance(part, Question)
        else _may_hold(part, identity, graph)
        for part in needs.parts
    )
    return any(checks) if needs.is_any else all(checks)
