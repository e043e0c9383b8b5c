"""The messages between the scan and its reading processes, and their framing."""

from __future__ import annotations

import msgspec

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.core.enums import GapReason

# A frame is its length (4 bytes, little endian) and that many bytes of MessagePack.
LENGTH_BYTES = 4
FRAME_BYTES = 64 << 20
# One read over the pipe; longer ones are asked for piece by piece.
READ_BYTES = 8 << 20


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """The first message to a reading process: the limits for every file, and what to load first.

    After it the process locks itself in: it opens nothing any more, modules included.
    """

    limits: Limits
    modules: tuple[str, ...] = ()


class LocalFile(msgspec.Struct, frozen=True, kw_only=True, tag="local"):
    """Read this file, whose open descriptor comes with the message.

    What only Python reads is not looked into with ``leaves_python``.
    """

    name: str
    size_bytes: int
    leaves_python: bool = False


class FarFile(msgspec.Struct, frozen=True, kw_only=True, tag="far"):
    """Read a file whose bytes have to be asked for."""

    name: str
    size_bytes: int


class Chart(msgspec.Struct, frozen=True, kw_only=True, tag="chart"):
    """Render this chart, once with each of these texts of values; each is answered by itself.

    ``archive`` is what ``helm package`` makes, ``name`` that of the release and its namespace.
    """

    archive: bytes
    name: str
    values: tuple[str, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="part"):
    """The bytes that were asked for, fewer at the end of the file."""

    data: bytes


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The bytes that were asked for are not available."""

    reason: GapReason
    message: str


class Module(msgspec.Struct, frozen=True, kw_only=True, tag="module"):
    """A module of ours or of Python: its code as ``marshal`` writes it."""

    code: bytes
    origin: str
    is_package: bool


class NoModule(msgspec.Struct, frozen=True, kw_only=True, tag="no_module"):
    """There is no such module; ``is_native`` for one that can only be loaded before the lock."""

    is_native: bool = False


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The process is locked in as far as it could be, and has not seen a foreign byte yet."""

    confinement: Confinement


class Load(msgspec.Struct, frozen=True, kw_only=True, tag="load"):
    """Ask for the code of a module."""

    module: str


class Lacks(msgspec.Struct, frozen=True, kw_only=True, tag="lacks"):
    """The file cannot be read without a module that only a new process can load."""

    module: str


class Want(msgspec.Struct, frozen=True, kw_only=True, tag="want"):
    """Ask for bytes of the file being read."""

    offset: int
    length: int


class Soon(msgspec.Struct, frozen=True, kw_only=True, tag="soon"):
    """Say which (offset, length) pairs will be asked for; there is no answer."""

    spans: tuple[tuple[int, int], ...]


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """What reading a file brought; files are answered in the order they were given."""

    inspection: Inspection


class Charted(msgspec.Struct, frozen=True, kw_only=True, tag="charted"):
    """What the templates of a chart made of one text of values, by path; or why they made nothing.

    ``is_too_much``: they made more than is taken.
    """

    texts: dict[str, str] = {}
    problem: str = ""
    is_too_much: bool = False


ToChild = Begin | LocalFile | FarFile | Chart | Part | Refused | Module | NoModule
ToParent = Ready | Load | Lacks | Want | Soon | Done | Charted


def frame(message: ToChild | ToParent) -> bytes:
    """A message as it goes to the other side.

    Raises:
        TypeError, ValueError: it holds what cannot be encoded.
    """
    body = msgspec.msgpack.encode(message)
    if len(body) > FRAME_BYTES:
        raise ValueError(f"a message of {len(body)} bytes is too long")
    return len(body).to_bytes(LENGTH_BYTES, "little") + body
