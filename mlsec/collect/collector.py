"""What a kind of target brings: how it is collected and read back, and which rights that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import msgspec

from mlsec.collect.parts import Part, Question
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.collect.walk.client import Client
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.resource import Gap, Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

Facts = Mapping[str, str]


class PolicyText(Protocol):
    """Gives the rights that a scan needs, as the provider wants them written."""

    def __call__(self, *, is_organisation: bool) -> str:
        """Give the text; ``is_organisation`` with the rights to walk more than one account."""


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's two ends: target to snapshot, and snapshot to inventory.

    ``check`` signs in and asks for nothing else, so that what is wrong with one target shows before
    another is walked; None where there is nothing to sign in to. ``policy`` is None where a scan
    needs no rights of its own.
    ``find_parts`` gives the scopes of a target, each as a target of its own, and stores what is
    asked once for all of them; ``ask`` stores the answers to questions that another collection
    left open; ``walk`` asks a client for all that reading the snapshot needs, and names the
    operations that only a walk asks; ``join`` writes where the walk goes, by the facts of several
    snapshots whose calls are in the given one, and by the gaps of whole scopes that nobody could
    collect. None where a target is one scope.
    """

    collect: Callable[[str, Snapshot, CollectSettings, Progress | None], None]
    read: Callable[[Snapshot, Vocabulary], Inventory]
    check: Callable[[str, CollectSettings], None] | None = None
    policy: PolicyText | None = None
    find_parts: Callable[[str, Snapshot, CollectSettings], tuple[Part, ...]] | None = None
    ask: Callable[[str, Snapshot, CollectSettings, tuple[Question, ...]], None] | None = None
    walk: Callable[[Client, Snapshot, Vocabulary], frozenset[str]] | None = None
    join: Callable[[Snapshot, Sequence[Facts], Sequence[Gap]], None] | None = None


def lazy_collector(
    collector: Callable[[], ModuleType],
    reader: Callable[[], ModuleType],
    policy: PolicyText | None = None,
) -> Collector:
    """Make a collector of modules that are only imported when they are used.

    ``collector`` gives the module with ``collect`` and ``check``, ``reader`` the one with ``read``.
    """

    def collect(
        target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
    ) -> None:
        collector().collect(target, snapshot, settings, progress)

    def check(target: str, settings: CollectSettings) -> None:
        collector().check(target, settings)

    def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
        inventory: Inventory = reader().read(snapshot, vocabulary)
        return inventory

    return Collector(collect=collect, read=read, check=check, policy=policy)


def with_parts(
    whole: Collector, collector: Callable[[], ModuleType], reader: Callable[[], ModuleType]
) -> Collector:
    """Give a collector whose targets can be taken apart into scopes, by functions of its modules.

    ``collector`` gives the module with ``find_parts`` and ``ask``, ``reader`` the one with
    ``walk_all`` and ``join_facts``.
    """

    def find_parts(target: str, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
        parts: tuple[Part, ...] = collector().find_parts(target, snapshot, settings)
        return parts

    def ask(
        target: str, snapshot: Snapshot, settings: CollectSettings, questions: tuple[Question, ...]
    ) -> None:
        collector().ask(target, snapshot, settings, questions)

    def walk(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> frozenset[str]:
        operations: frozenset[str] = reader().walk_all(client, snapshot, vocabulary)
        return operations

    def join(snapshot: Snapshot, facts: Sequence[Facts], gaps: Sequence[Gap]) -> None:
        reader().join_facts(snapshot, facts, gaps)

    return msgspec.structs.replace(whole, find_parts=find_parts, ask=ask, walk=walk, join=join)


@contextmanager
def sdk_of(provider: str, extra: str, *packages: str) -> Iterator[None]:
    """Import what needs a provider's SDK; ``packages`` are the top-level names it consists of.

    Raises:
        MlsecError: one of them is not installed; the hint says how to add the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in packages:
            raise
        raise MlsecError(f"{provider} needs its SDK", hint=command_to_add(extra)) from None
