"""Reads XML models, PMML and OpenVINO: no document type is let through, nothing is fetched."""

from __future__ import annotations

import re
from xml.parsers import expat

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.references import is_remote, note_reference
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity

_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|!DOCTYPE\s+(?!html\b)|!ENTITY|PMML\b|net[\s>])",
    re.IGNORECASE,
)
_WIDE = (b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0?\0", b"\0<\0?")
# Operator sets that OpenVINO itself carries.
_OPSETS = re.compile(r"(?:opset\d+|experimental|type_relaxed_opset|ie_internal_opset)\Z")
_LIBRARY = re.compile(r"\.(?:so(?:\.\d+)*|dll|dylib|pyd|py)\Z", re.IGNORECASE)
# Evaluators in Java look functions that are not built in up as classes.
_REACHES_OUT = re.compile(
    r"\bjavax?\.(?:lang|io|net|nio|script|naming|rmi)\b|\b(?:getRuntime|ProcessBuilder)\b"
    r"|\b(?:exec|eval|system|popen|__import__)\s*\("
)
_PUBLIC = "http://www.w3.org/"
DEEP = 1_000


def sniff_xml(head: bytes, _window: Window) -> bool:
    """Whether a file starts as an XML document does, in UTF-8 or UTF-16."""
    return bool(_START.match(head)) or head.startswith(_WIDE)


def sniff_pmml(head: bytes, window: Window) -> bool:
    """Whether an XML document's first element is PMML's."""
    return sniff_xml(head, window) and b"<PMML" in head


def sniff_openvino(head: bytes, window: Window) -> bool:
    """Whether an XML document's first element is that of an OpenVINO network."""
    return sniff_xml(head, window) and bool(re.search(rb"<net\s[^>]*version=", head))


def read_xml(window: Window, record: Recorder) -> None:
    """Walk the elements.

    Raises:
        ArtifactError: not well formed.
    """
    record.understood(0, window.size_bytes)
    parser = _Elements(record).parser
    try:
        for block in window.blocks():
            record.budget.check_time()
            parser.Parse(block, False)  # noqa: FBT003 - expat's own signature
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError: an encoding that nobody has.
        raise ArtifactError(f"no well-formed XML: {error}") from error


class _Elements:
    """What the parser calls: notes what is dangerous, and stops at a document type."""

    def __init__(self, record: Recorder) -> None:
        self.record = record
        self.depth = 0
        self.root = ""
        self.parser = expat.ParserCreate()
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.ExternalEntityRefHandler = lambda *_: 0
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.ProcessingInstructionHandler = self._instruction

    def _doctype(self, name: str, system: str | None, _public: str | None, internal: int) -> None:
        plain = not internal and (system is None or system.startswith(_PUBLIC))
        detail = "a document type can make a parser read files and addresses, or fill memory"
        danger = Severity.LOW if plain else None
        self.record.fact(FactKind.XML_ENTITY, system or name, detail, danger=danger)

    def _entity(self, name: str, *_rest: object) -> None:
        # Entities are never expanded: the document ends here.
        self.record.fact(FactKind.XML_ENTITY, name, "declares an entity")
        raise ArtifactError(f"declares the entity {name!r:.60}: not read any further")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEP:
            raise ArtifactError(f"XML elements lie more than {DEEP} deep")
        if self.depth == 1:
            self._begin(name, attributes)
        plain = name.rsplit(":", 1)[-1]
        if plain == "include" and "href" in attributes:
            href = attributes["href"]
            self.record.fact(FactKind.OUTSIDE_REFERENCE, href, "includes another document")
        elif self.root == "net" and plain == "layer":
            self._layer(attributes)
        elif self.root == "net" and plain == "data":
            self._libraries("data", attributes)
        elif self.root == "PMML" and plain == "Apply":
            self._function(attributes.get("function", ""))
        elif self.root == "PMML" and plain in {"Extension", "Value"}:
            for place in filter(is_remote, attributes.values()):
                note_reference(self.record, place, f"what a {plain} names")
        elif plain in {"script", "Script"}:
            self.record.fact(FactKind.EMBEDDED_CODE, name, "a script inside of the document")

    def _function(self, name: str) -> None:
        if _REACHES_OUT.search(name):
            detail = "a function of the evaluator's own language, which reaches out of the model"
            self.record.fact(FactKind.UNSAFE_OPERATOR, name, detail)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.root = name.rsplit(":", 1)[-1]
        if self.root == "PMML":
            self.record.format(Format.PMML)
            self.record.property("format_version", attributes.get("version", "")[:20])
        elif self.root == "net":
            self.record.format(Format.OPENVINO)
            self.record.property("format_version", attributes.get("version", "")[:20])

    def _end(self, _name: str) -> None:
        self.depth -= 1

    def _layer(self, attributes: dict[str, str]) -> None:
        version, kind = attributes.get("version", ""), attributes.get("type", "")
        self._libraries(kind, attributes)
        if "python" in kind.lower():
            detail = "a layer that runs Python code"
            self.record.fact(FactKind.UNSAFE_OPERATOR, kind, detail)
        if version and not _OPSETS.match(version):
            detail = f"a layer of {version!r:.60}: it needs an extension library"
            self.record.fact(FactKind.CUSTOM_OPERATOR, kind, detail)

    def _libraries(self, kind: str, attributes: dict[str, str]) -> None:
        for place in attributes.values():
            if _LIBRARY.search(place):
                detail = f"the layer {kind!r:.60} loads a library"
                self.record.fact(FactKind.OUTSIDE_REFERENCE, place, detail)

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            found = re.search(r"href\s*=\s*['\"]([^'\"]+)", data)
            if found and not note_reference(self.record, found.group(1), "a style sheet"):
                self.record.fact(
                    FactKind.OUTSIDE_REFERENCE,
                    found.group(1),
                    "a style sheet is carried out",
                    danger=Severity.MEDIUM,
                )
