"""The places where a type was asked for and nothing of it is: most of them, so each is one bit."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.core.coverage import EmptyCoverage, Location


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is said of a place where nothing is: why, and which bulk sources listed it."""

    because: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


_SILENCE = Said()


class NothingThere:
    """The types of which nothing is, by scope and region and by what is said of it."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._at: dict[Location, dict[Said, int]] = {}

    def note(self, place: tuple[str, str, str], *, because: str = "", source: str = "") -> None:
        """Note that a type was asked for in a scope and region, and what is said of that."""
        known = self.take(place) or _SILENCE
        said = Said(
            because=known.because | {because} if because else known.because,
            sources=known.sources | {source} if source else known.sources,
        )
        here = self._at.setdefault(place[1:], {})
        bit = self._bits.setdefault(place[0], 1 << len(self._bits))
        here[said] = here.get(said, 0) | bit

    def take(self, place: tuple[str, str, str]) -> Said | None:
        """Forget a type in a place; give what was said of it, None where it was not known."""
        bit, here = self._bits.get(place[0], 0), self._at.get(place[1:], {})
        for said, bits in here.items():
            if bits & bit:
                here[said] = bits ^ bit
                return said
        return None

    def groups(self) -> Iterator[EmptyCoverage]:
        """Give the places that have the same types, and the same said of them, as one."""
        places: dict[tuple[int, Said], list[Location]] = {}
        for at, here in self._at.items():
            for said, bits in here.items():
                if bits:
                    places.setdefault((bits, said), []).append(at)
        for (bits, said), known in places.items():
            yield EmptyCoverage(
                types=tuple(sorted(name for name, bit in self._bits.items() if bits & bit)),
                places=tuple(known),
                because="; ".join(sorted(said.because)),
                listed_by=tuple(sorted(said.sources)),
            )
