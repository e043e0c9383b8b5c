"""What a kind of target brings: how it is collected and read back, and which rights that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import msgspec

from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


class PolicyText(Protocol):
    """Gives the rights that a scan needs, as the provider wants them written."""

    def __call__(self, *, is_organisation: bool) -> str:
        """Give the text; ``is_organisation`` with the rights to walk more than one account."""


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's two ends: target to snapshot, and snapshot to inventory.

    ``check`` signs in and asks for nothing else, so that what is wrong with one target shows before
    another is walked; None where there is nothing to sign in to. ``policy`` is None where a scan
    needs no rights of its own.
    """

    collect: Callable[[str, Snapshot, CollectSettings, Progress | None], None]
    read: Callable[[Snapshot, Vocabulary], Inventory]
    check: Callable[[str, CollectSettings], None] | None = None
    policy: PolicyText | None = None


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
