"""What shards say of their making, joined to what one collection would say."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from mlsec.collect.collector import Facts
from mlsec.collect.run_facts import note_sandbox
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.core.sanitize import plain_name
from mlsec.fleet.pieces import Piece
from mlsec.fleet.units import Kind
from mlsec.snapshot.facts import (
    COMMIT,
    IDENTITY,
    ORGANISATION,
    PRINCIPAL,
    SANDBOX,
    SANDBOX_MISSING,
    SETTINGS,
    decode_fact,
    fact_of,
    key_of,
    providers_of,
)
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS

_FIRST, _LAST, _TOOL = "started_at", "finished_at", "tool"
_PLAIN = ("host", "user")


class JoinedFacts:
    """Facts are gathered shard by shard and written once; what is damaged is refused before."""

    def __init__(self, joined: Snapshot) -> None:
        self._joined = joined
        # A shard's facts are read here on trial, as they will be read with all others.
        self._trial = Snapshot.create(Path(f"{joined.path}.facts"))
        self._facts: dict[str, list[Facts]] = {}
        self._principals: dict[str, dict[str, None]] = {}
        self._discovered: set[str] = set()
        self._gaps: dict[str, list[Gap]] = {}
        self._clock: dict[str, str] = {}
        self._tools: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._trial.discard()

    def check(self, piece: Piece, shard: Snapshot) -> None:
        """Refuse facts that could not be read.

        Raises:
            MlsecError: which are damaged.
        """
        meta, clock = shard.meta(), shard.clock()
        try:
            for name in (_FIRST, _LAST):
                datetime.datetime.fromisoformat(clock[name])
        except (KeyError, ValueError):
            raise MlsecError("its shard does not say when it was taken") from None
        for provider in providers_of(meta):
            own = piece.task.provider
            if provider != own:
                raise MlsecError(f"its shard holds facts of another provider than {own}")
            decode_fact(fact_of(meta, provider, SETTINGS) or "{}", dict[str, Any], SETTINGS)
            if (join := COLLECTORS[provider].join) is not None:
                join(self._trial, [meta], [])

    def add(self, piece: Piece, shard: Snapshot) -> None:
        """Add what a shard says; it was checked."""
        meta = shard.meta()
        for provider in providers_of(meta):
            self._facts.setdefault(provider, []).append(meta)
            principal = fact_of(meta, provider, PRINCIPAL)
            # Who found out what there is speaks for those who collected it.
            if principal and provider not in self._discovered:
                self._principals.setdefault(provider, {})[principal] = None
                if piece.kind is Kind.DISCOVER:
                    self._discovered.add(provider)
        self._tools |= {meta[_TOOL]} if _TOOL in meta else set()
        self._add_clock(plain_name(piece.task.address), shard.clock())

    def _add_clock(self, target: str, clock: Mapping[str, str]) -> None:
        known = self._clock
        known[_FIRST] = min(clock[_FIRST], known.get(_FIRST, clock[_FIRST]))
        known[_LAST] = max(clock[_LAST], known.get(_LAST, clock[_LAST]))
        for key in (*_PLAIN, f"{IDENTITY}{target}", f"{COMMIT}{target}"):
            if key in clock:
                known.setdefault(key, clock[key])
        if SANDBOX in clock:
            missing = clock.get(SANDBOX_MISSING, "").split("; ")
            note_sandbox(self._joined, clock[SANDBOX].split(", "), filter(None, missing))

    def lose(self, provider: str, gap: Gap | None) -> None:
        """Add a gap of a whole scope."""
        if gap is not None:
            self._gaps.setdefault(provider, []).append(gap)

    def write(self, targets: Sequence[str], organisation: str) -> None:
        """Write all of them."""
        joined = self._joined
        joined.set_meta("targets", msgspec.json.encode(list(targets)).decode())
        if self._tools:
            joined.set_meta(_TOOL, ", ".join(sorted(self._tools)))
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        now = moment.replace("+00:00", "Z")  # where not one unit left a shard
        for key, value in ({_FIRST: now, _LAST: now} | self._clock).items():
            joined.set_clock(key, value)
        joined.set_clock(ORGANISATION, plain_name(organisation))
        for provider in sorted({*self._facts, *self._gaps}):
            facts = self._facts.get(provider, [])
            settings = (fact_of(meta, provider, SETTINGS) for meta in facts)
            names = ", ".join(self._principals.get(provider, ()))
            for name, value in ((PRINCIPAL, names), (SETTINGS, next(filter(None, settings), ""))):
                if value:
                    joined.set_meta(key_of(provider, name), value)
            if (join := COLLECTORS[provider].join) is not None:
                join(joined, facts, self._gaps.get(provider, []))
