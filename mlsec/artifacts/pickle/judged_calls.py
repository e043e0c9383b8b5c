"""Calls that are judged by their arguments, as one expression: those whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.values import Global, How

Entries = frozenset[int]
CODECS = frozenset(("latin1", "latin-1", "utf-8", "utf8", "ascii"))
_BASES = ("builtins", "__builtin__")


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Memo entries by what they hold, of names whose calls depend on what is given to them.

    ``codecs`` encode text, by one of ``words``; ``makers`` reconstruct one of ``classes``, of which
    an instance was judged, from one of ``bases``; ``partials`` store one of ``kept`` for later;
    ``getters`` look numbers up; ``attributes`` take one of ``names`` from one of ``owners``.
    """

    codecs: Entries = frozenset()
    words: Entries = frozenset()
    makers: Entries = frozenset()
    classes: Entries = frozenset()
    bases: Entries = frozenset()
    partials: Entries = frozenset()
    kept: Entries = frozenset()
    getters: Entries = frozenset()
    attributes: Entries = frozenset()
    owners: Entries = frozenset()
    names: Entries = frozenset()

    @property
    def has_calls(self) -> bool:
        """Whether some call of these can be passed."""
        return bool(
            (self.codecs and self.words)
            or (self.makers and self.classes and self.bases)
            or (self.partials and self.kept)
            or (self.attributes and self.owners)
            or self.getters
        )

    @property
    def called(self) -> Entries:
        """Where the names lie that are called."""
        some = (self.codecs, self.makers, self.partials, self.getters, self.attributes)
        return frozenset().union(*some)


NONE = Judged()


def judged(functions: Mapping[int, Global], words: Entries, names: Entries) -> Judged:
    """Sort the names that a stream was seen to read."""

    def by_word(word: str) -> Entries:
        return frozenset(index for index, name in functions.items() if name.entry.word == word)

    kept = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)
    found = Judged(
        codecs=by_word("codec"),
        words=words,
        makers=by_word("reconstructor"),
        classes=frozenset(
            index for index, name in functions.items() if name.bare or How.NEW in name.calls
        ),
        bases=frozenset(
            index for index, name in functions.items()
            if name.module in _BASES and name.name == "object"
        ),
        partials=by_word("function"),
        kept=frozenset(
            index for index, name in functions.items() if name.entry.standing in kept
        ),
        getters=by_word("attribute_names"),
        attributes=by_word("attribute"),
        owners=frozenset(
            index for index, name in functions.items() if name.entry.standing in kept[:2]
        ),
        names=names,
    )  # fmt: skip
    return found if found.has_calls else NONE
