"""Records what a reader finds, so that nothing is lost when an error follows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from mlsec.artifacts.bytes.window import MemorySource, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import DANGERS, Fact, FactKind, Format, InspectionGap
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.spans import Spans
from mlsec.core.enums import GapReason, Severity

Descend = Callable[[Window, "Recorder"], None]

# A flood of one kind of fact must not keep the first of another kind out.
ALWAYS_KEPT = 50
# Equal members of at most this size are read once: archives of archives repeat themselves.
COMPARED_BYTES = 4 << 20
_ARCHIVES = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd")


class Ledger:
    """All that is known of one file so far, over all its members."""

    __slots__ = (
        "facts",
        "formats",
        "gaps",
        "held",
        "kinds",
        "members",
        "members_read",
        "open",
        "properties",
        "read",
        "reported",
    )

    def __init__(self) -> None:
        self.facts: dict[Fact, None] = {}
        self.gaps: dict[InspectionGap, None] = {}
        self.formats: dict[Format, None] = {}
        self.held: set[Format] = set()  # the formats of members, at any depth
        self.kinds: dict[FactKind, int] = {}
        self.properties: dict[str, Any] = {}
        self.members = 0
        self.members_read = 0
        self.open: set[bytes] = set()  # contents being read just now: a member that is its parent
        self.read: dict[bytes, int] = {}  # contents that were read, and how deep they lay
        self.reported: set[tuple[str, str]] = set()  # what is reported once for an archive


class Recorder:
    """Notes facts and gaps of one file or member, under a shared budget."""

    __slots__ = (
        "budget",
        "depth",
        "descend",
        "is_image",
        "ledger",
        "place",
        "runs_source",
        "spans",
    )

    def __init__(
        self, budget: Budget, ledger: Ledger, descend: Descend, place: str = "", depth: int = 0
    ) -> None:
        self.budget = budget
        self.ledger = ledger
        self.descend = descend
        self.place = place
        self.depth = depth
        self.spans = Spans()
        # Inside the layers of a container image programs and links are what one expects.
        self.is_image = False
        # Beside a model that imports the source it is packed with, all source counts as run.
        self.runs_source = False

    @property
    def limits(self) -> Limits:
        """The caps in force."""
        return self.budget.limits

    def fact(
        self,
        kind: FactKind,
        subject: str = "",
        detail: str = "",
        *,
        offset: int = -1,
        danger: Severity | None = None,
    ) -> None:
        """Note what was found at ``offset``; ``danger`` only to differ from the table."""
        seen = self.ledger.kinds.get(kind, 0)
        if len(self.ledger.facts) >= self.limits.facts and seen >= ALWAYS_KEPT:
            self._too_many()
            return
        fact = Fact(
            kind=kind,
            danger=danger or DANGERS[kind],
            place=self.place,
            offset=offset,
            subject=_plain(subject),
            detail=_plain(detail),
        )
        if fact not in self.ledger.facts:
            self.ledger.facts[fact] = None
            self.ledger.kinds[kind] = seen + 1

    def gap(self, reason: GapReason, detail: str, *, start: int = 0, size_bytes: int = -1) -> None:
        """Note what could not be read: what hides there is not known."""
        if len(self.ledger.gaps) > self.limits.facts:
            self._too_many()
            return
        gap = InspectionGap(
            reason=reason,
            place=self.place,
            start=start,
            size_bytes=size_bytes,
            detail=_plain(detail),
        )
        self.ledger.gaps[gap] = None

    def unread(
        self,
        reason: GapReason,
        detail: str,
        *,
        start: int = 0,
        size_bytes: int = -1,
        danger: Severity | None = None,
    ) -> None:
        """Note a gap, and the fact that the file was therefore not fully read."""
        self.gap(reason, detail, start=start, size_bytes=size_bytes)
        self.fact(FactKind.NOT_FULLY_READ, reason.value, detail, offset=start, danger=danger)

    def broken(self, subject: str, error: ArtifactError, where: str = "") -> None:
        """Note where reading ended early: broken only where the bytes themselves are to blame."""
        if error.reason is GapReason.MALFORMED:
            self.fact(FactKind.BROKEN, subject, error.message)
        self.gap(error.reason, f"{where}: {error.message}" if where else error.message)

    def in_part(self, what: str, searched_bytes: int, size_bytes: int) -> None:
        """Say that of what a file only keeps the first bytes alone were searched, if it has more.

        What loading the file does was read: this is said beside, and hides nothing else.
        """
        if size_bytes > searched_bytes:
            detail = (
                f"of {what} the first {searched_bytes >> 10} KiB were searched for pickles,"
                " archives and programs that it only keeps, the rest was not"
            )
            self.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)

    def understood(self, start: int, end: int) -> None:
        """Say that bytes [start, end) are accounted for; the rest is reported as a fact."""
        self.spans.add(start, end)

    def format(self, format_: Format) -> None:
        """Note a more specific format than the one in the table of readers."""
        if self.depth == 0:
            self.ledger.formats[format_] = None
        else:
            self.ledger.held.add(format_)

    def property(self, name: str, value: Any) -> None:
        """Note a plain fact of the format. The first value stays, as the outermost names it."""
        value = _plain(value) if isinstance(value, str) else value
        self.ledger.properties.setdefault(name, value)

    def inner(self, name: str) -> Recorder:
        """A recorder for a member, to note facts at its place without reading it."""
        place = f"{self.place}!/{_plain(name)}" if self.place else _plain(name)
        inner = Recorder(self.budget, self.ledger, self.descend, place, self.depth + 1)
        inner.is_image = self.is_image
        inner.runs_source = self.runs_source
        return inner

    def is_first_of(self, subject: str) -> bool:
        """Whether this is the first such question about the archive that holds the member."""
        key = (self.place.rpartition("!/")[0], subject)
        is_first = key not in self.ledger.reported
        self.ledger.reported.add(key)
        return is_first

    def listed(self, count: int) -> None:
        """Count members that need no reading, such as raw numbers."""
        self.ledger.members += count
        self.ledger.members_read += count

    def member(self, name: str, window: Window) -> None:
        """Read a member, whatever it is, as a file of its own."""
        inner = self.inner(name)
        self.ledger.members += 1
        if inner.depth > self.limits.depth:
            inner.fact(FactKind.BOMB, name, f"nested deeper than {self.limits.depth} levels")
            inner.gap(GapReason.OVER_LIMIT, f"nested deeper than {self.limits.depth} levels")
            return
        try:
            self.budget.member()
            self.budget.check_time()
            inner._read_once(window.named(name))
            self.ledger.members_read += 1
        except ArtifactError as error:
            self.unread(error.reason, error.message)

    def _read_once(self, window: Window) -> None:
        content, ledger = _identity(window), self.ledger
        if not content:
            self.descend(window, self)
            return
        content += bytes((self.is_image, self.runs_source))
        if content in ledger.open:
            self.fact(FactKind.BOMB, window.name, "is the archive that holds it")
            return
        if ledger.read.get(content, self.depth + 1) <= self.depth:
            return
        ledger.open.add(content)
        try:
            self.descend(window, self)
        finally:
            ledger.open.discard(content)
        ledger.read[content] = self.depth

    def _too_many(self) -> None:
        gap = InspectionGap(
            reason=GapReason.OVER_LIMIT, detail=f"more than {self.limits.facts} facts"
        )
        self.ledger.gaps[gap] = None


def _plain(text: str) -> str:
    """At most 400 characters of foreign text, as text that can be encoded: half a surrogate pair
    is escaped, or the facts that quote it could not be passed on.
    """
    text = text[:400]
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _identity(window: Window) -> bytes:
    """Content and name of a member that lies in memory, or nothing: comparing must be cheap.

    A name decides who reads a text (requirements.txt, MLproject) and what is said of it; of an
    archive the ending alone counts, as equal archives in archives lie there under many names.
    """
    source = window.source
    if not isinstance(source, MemorySource) or not 0 < window.size_bytes <= COMPARED_BYTES:
        return b""
    content = source.data[window.start : window.start + window.size_bytes]
    is_archive = content.startswith(_ARCHIVES) or content[257:262] == b"ustar"
    name = window.name.rpartition(".")[2].lower()[-16:] if is_archive else window.name
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return digest + name.encode("utf-8", "surrogatepass")
