"""A strict DER reader: definite, minimal lengths, one-byte tags, nothing left over."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from mlsec.signing.errors import MalformedError

MAX_BYTES = 1 << 20
MAX_CHILDREN = 4096

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x18, 0x30, 0x31

_TIME = re.compile(rb"(\d{14})(?:\.(\d{0,5}[1-9]))?Z\Z")


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One element: identifier octet, content octets, and all its octets as they stood."""

    tag: int
    content: bytes
    raw: bytes


def read(data: bytes, tag: int) -> Node:
    """Read the one element that fills ``data``.

    Raises:
        MalformedError: over 1 MiB, not DER, another tag than ``tag``, or bytes after it.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"ASN.1 structure larger than {MAX_BYTES} bytes")
    fields = Fields(data)
    node = fields.take(tag)
    fields.end()
    return node


class Fields:
    """The elements inside one constructed element, taken in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def peek(self) -> int | None:
        """Give the next element's identifier octet; None at the end."""
        return self._content[self._at] if self._at < len(self._content) else None

    def take(self, tag: int) -> Node:
        """Give the next element, which must carry ``tag``."""
        if self.peek() != tag:
            found = "the end" if self.peek() is None else f"tag 0x{self.peek():02x}"
            raise MalformedError(f"not the expected ASN.1: wanted tag 0x{tag:02x}, found {found}")
        return self._next()

    def maybe(self, tag: int) -> Node | None:
        """Give the next element if it carries ``tag``."""
        return self._next() if self.peek() == tag else None

    def end(self) -> None:
        """Refuse anything that follows."""
        if self._at != len(self._content):
            raise MalformedError("bytes after the end of an ASN.1 structure")

    def rest(self) -> tuple[Node, ...]:
        """Give all elements that are left, at most 4096."""
        nodes: list[Node] = []
        while self._at < len(self._content):
            if len(nodes) == MAX_CHILDREN:
                raise MalformedError(f"more than {MAX_CHILDREN} elements in an ASN.1 set")
            nodes.append(self._next())
        return tuple(nodes)

    def _next(self) -> Node:
        start = self._at
        length, body = _length(self._content, start + 1)
        end = body + length
        if end > len(self._content):
            raise MalformedError("an ASN.1 element is cut short")
        tag = self._content[start]
        if tag & 0x1F == 0x1F:
            raise MalformedError("ASN.1 tags above 30 are not used here")
        self._at = end
        return Node(tag=tag, content=self._content[body:end], raw=self._content[start:end])


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Give the content's length and where it starts; DER allows one spelling only."""
    if at >= len(data):
        raise MalformedError("an ASN.1 element is cut short")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if not 1 <= count <= 4 or at + 1 + count > len(data):
        raise MalformedError("an ASN.1 length is indefinite, too long or cut short")
    length = int.from_bytes(data[at + 1 : at + 1 + count], "big")
    if length < 0x80 or length < 1 << (8 * (count - 1)):
        raise MalformedError("an ASN.1 length is not in its shortest form")
    return length, at + 1 + count


def integer(node: Node) -> int:
    """Decode an INTEGER of at most 64 octets in its shortest form."""
    octets = node.content
    if node.tag != INTEGER or not 1 <= len(octets) <= 64:
        raise MalformedError("not an ASN.1 integer of 1 to 64 bytes")
    if len(octets) > 1 and octets[0] in {0x00, 0xFF} and (octets[0] ^ octets[1]) < 0x80:
        raise MalformedError("an ASN.1 integer is not in its shortest form")
    return int.from_bytes(octets, "big", signed=True)


def dotted(node: Node) -> str:
    """Decode an OBJECT IDENTIFIER, such as ``2.16.840.1.101.3.4.2.1``."""
    octets = node.content
    if node.tag != OID or not 1 <= len(octets) <= 64 or octets[-1] & 0x80:
        raise MalformedError("not an ASN.1 object identifier")
    arcs: list[int] = []
    value, starts = 0, True
    for octet in octets:
        if starts and octet == 0x80:
            raise MalformedError("an object identifier is not in its shortest form")
        value = value << 7 | octet & 0x7F
        starts = not octet & 0x80
        if starts:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def moment(node: Node) -> datetime:
    """Decode a GeneralizedTime in DER's form: UTC, seconds given, no trailing zero."""
    match = _TIME.match(node.content) if node.tag == GENERALIZED_TIME else None
    if match is None:
        raise MalformedError("not an ASN.1 time in UTC such as 20260131120000Z")
    whole, fraction = match[1].decode(), (match[2] or b"").decode()
    try:
        parsed = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedError(f"no such moment: {whole}Z") from None
    return parsed.replace(microsecond=int(fraction.ljust(6, "0")) if fraction else 0)
