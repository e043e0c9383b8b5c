"""TensorFlow checkpoints inside an archive: shards are accounted for by the index beside them."""

from __future__ import annotations

from mlsec.artifacts.archives.archive import Archive, Member
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.bundle import read_bundle
from mlsec.artifacts.formats.tensorflow.shards import SHARD, judged, spans_of
from mlsec.artifacts.formats.tensorflow.sorted_table import has_footer
from mlsec.artifacts.pickle.files.loadable import is_loadable
from mlsec.artifacts.recorder import Ledger, Recorder


def is_bundle_archive(archive: Archive) -> bool:
    """Whether a shard lies in the archive with its index."""
    return bool(_indexes(archive))


def read_bundle_archive(archive: Archive, record: Recorder) -> None:
    """Claim the shards of every sound index; the others are read, and not explained, as members."""
    for index in sorted(_indexes(archive)):
        sound = _read_quietly(archive, index, record)
        if sound is None:
            continue
        for member in archive.members:
            name = SHARD.match(member.name)
            if name is None or f"{name['prefix']}.index" != index:
                continue
            if int(name["shards"]) == sound.properties["shards"]:
                spans = spans_of(sound.properties, int(name["number"]))
                _claim(archive, member, spans, record)


def _indexes(archive: Archive) -> set[str]:
    matches = (SHARD.match(name) for name in archive.names())
    indexes = {f"{name['prefix']}.index" for name in matches if name}
    return {name for name in indexes if name in archive}


def _read_quietly(archive: Archive, name: str, record: Recorder) -> Ledger | None:
    """What an index says; nothing where anything about it is wrong: it is read as a member too."""
    quiet = Recorder(record.budget, Ledger(), record.descend, name, record.depth + 1)
    try:
        with archive.find(name).open() as window:
            if not has_footer(window):
                return None
            read_bundle(window.named(name), quiet)
    except ArtifactError:
        return None
    return None if quiet.ledger.gaps or quiet.ledger.facts else quiet.ledger


def _claim(
    archive: Archive, member: Member, spans: list[tuple[int, int]], record: Recorder
) -> None:
    inner = record.inner(member.name)
    try:
        with member.open() as window:
            if is_loadable(window):
                return
            search(window, inner)
            size_bytes = window.size_bytes
    except ArtifactError as error:
        inner.unread(error.reason, error.message)
        return
    archive.claim(member)
    for kind, offset, subject, detail in judged(spans, size_bytes):
        inner.fact(kind, subject, detail, offset=offset)
        if kind is FactKind.BROKEN:
            inner.gap(ArtifactError.reason, detail, start=offset)
