"""Reads XML models, PMML and OpenVINO: document types are refused, nothing is fetched."""

from __future__ import annotations

import re
from xml.parsers import expat

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.expanded_size import note_shape
from mlsec.artifacts.content.known_formats import GADGETS
from mlsec.artifacts.content.references import is_remote, note_reference
from mlsec.artifacts.embedded.contents import judge_value
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.text.openvino_operators import OPERATORS, judge_plugin
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

_START = regex(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|!DOCTYPE\s+(?!html\b)|!ENTITY|PMML\b|net[\s>]|svg[\s>])",
    re.IGNORECASE,
)
_WIDE = (b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0?\0", b"\0<\0?")
# Operator sets that OpenVINO itself carries.
_OPSETS = regex(r"(?:opset\d+|experimental|type_relaxed_opset|ie_internal_opset)\Z")
_LIBRARY = regex(r"\.(?:so(?:\.\d+)*|dll|dylib|pyd|py)\Z", re.IGNORECASE)
# Evaluators in Java look functions that are not built in up as classes.
_REACHES_OUT = regex(
    r"\bjavax?\.(?:lang|io|net|nio|script|naming|rmi|sql|util\.(?:jar|zip|prefs))\b"
    r"|\b(?:com\.)?sun\.|\bjdk\.|\bgroovy\.|\bbsh\.|\bognl\.|\bkotlin\.io\b"
    r"|\borg\.(?:codehaus|mozilla|python|jruby|mvel2?|springframework|apache\.commons)\b|\b(?:getRuntime|ProcessBuilder)\b"
    r"|\b(?:exec|eval|system|popen|__import__)\s*\("
)
# What every evaluator of PMML has. Source: the PMML 4.4 specification, built-in functions.
_BUILT_IN = frozenset(
    """+ - * / min max sum avg median product log10 ln sqrt abs exp pow threshold floor ceil round
    modulo isMissing isNotMissing isValid isNotValid equal notEqual lessThan lessOrEqual greaterThan
    greaterOrEqual and or not isIn isNotIn if uppercase lowercase stringLength substring trimBlanks
    concat replace matches formatNumber formatDatetime dateDaysSinceYear dateSecondsSinceYear
    dateSecondsSinceMidnight dateDaysSinceAnyYear normalCDF normalPDF stdNormalCDF stdNormalPDF
    normalIDF stdNormalIDF erf expm1 hypot ln1p rint sin asin sinh cos acos cosh tan atan tanh
    x-atan2 x-erf x-expm1 x-hypot x-ln1p x-rint x-sin x-asin x-cos x-acos x-tan x-atan
    x-tanh""".split()  # noqa: SIM905
)
# Documents of these kinds are data throughout.
_DATA = frozenset("PMML net ie opencv_storage svg annotation kml gpx rss feed html".split())  # noqa: SIM905
_XALAN = regex(r"xml\.apache\.org/(?:xslt|xalan)/java|saxon\.sf\.net/java|/xslt/java")
_RUNS_JAVA = regex(r"\b(?:getRuntime|ProcessBuilder|ScriptEngine)\b|\bjava\.lang\.Runtime\b")
SHORTEST_TEXT, MOST_TEXTS = 12, 100_000
_PUBLIC = "http://www.w3.org/"
# In a picture: attributes that hold code, and elements that are or bring programs.
_HANDLER = regex(r"on[a-z]{3,30}\Z")
_RUNNING = frozenset("script handler iframe object embed".split())  # noqa: SIM905
SHORT_ENTITY = 300
_NUMBER = regex(r"\d{1,19}")
_DIGITS = 19
DEEP = 1_000


def sniff_xml(head: bytes, window: Window) -> bool:
    """Whether a file starts as an XML document does, in UTF-8 or UTF-16; its name may say so."""
    is_named = window.name.lower().endswith((".xml", ".pmml", ".svg")) and head.lstrip()[:1] == b"<"
    return is_named or bool(_START.match(head)) or head.startswith(_WIDE)


def sniff_pmml(head: bytes, window: Window) -> bool:
    """Whether an XML document's first element is PMML's."""
    return sniff_xml(head, window) and b"<PMML" in head


def sniff_openvino(head: bytes, window: Window) -> bool:
    """Whether an XML document's first element is that of an OpenVINO network."""
    return sniff_xml(head, window) and bool(re.search(rb"<net\s[^<>]*version=", head))


def read_xml(window: Window, record: Recorder) -> None:
    """Walk the elements.

    Raises:
        ArtifactError: not well formed.
    """
    record.understood(0, window.size_bytes)
    elements = _Elements(record)
    parser = elements.parser
    try:
        for block in window.blocks():
            record.budget.check_time()
            parser.Parse(block, False)  # noqa: FBT003 - expat's own signature
        parser.Parse(b"", True)  # noqa: FBT003
        elements.finish()
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError: an unknown encoding.
        raise ArtifactError(f"no well-formed XML: {error}") from error


def _is_far(place: str) -> bool:
    return is_remote(place) or place.startswith(("jdbc:", "jndi:", "ldap:"))


class _Elements:
    """What the parser calls: notes what is dangerous, and stops at a document type."""

    def __init__(self, record: Recorder) -> None:
        self.record = record
        self.depth = 0
        self.root = ""
        self.doctype = ""
        self._dims: list[int] = []
        self._is_dim = False
        self.texts = 0
        self.used: dict[str, None] = {}
        self.defined: set[str] = set()
        self.parser = expat.ParserCreate()
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.buffer_text = True
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.ExternalEntityRefHandler = lambda *_: 0
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.ProcessingInstructionHandler = self._instruction

    def _doctype(self, name: str, system: str | None, _public: str | None, internal: int) -> None:
        self.doctype = name
        known = system is None or system.startswith(_PUBLIC)
        plain = known and (not internal or name == "svg")
        detail = "a document type can make a parser read files and addresses, or fill memory"
        danger = Severity.LOW if plain else None
        self.record.fact(FactKind.XML_ENTITY, system or name, detail, danger=danger)

    def _entity(self, name: str, _is_parameter: int, value: str | None, *_rest: object) -> None:
        is_short = value is not None and len(value) <= SHORT_ENTITY and not {"&", "%"} & {*value}
        if self.doctype == "svg" and is_short:
            # Drawing programs abbreviate their namespaces so.
            detail = "declares an abbreviation"
            self.record.fact(FactKind.XML_ENTITY, name, detail, danger=Severity.LOW)
            return
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
        self._attributes(attributes)
        if plain in {"script", "Script"} and self.root != "svg":
            self.record.fact(FactKind.EMBEDDED_CODE, name, "a script inside of the document")
        if plain == "DefineFunction":
            self.defined.add(attributes.get("name", ""))
        if plain == "include" and "href" in attributes:
            href = attributes["href"]
            self.record.fact(FactKind.OUTSIDE_REFERENCE, href, "includes another document")
        elif self.root in {"net", "ie"}:
            self._network(plain, attributes)
        elif self.root == "PMML" and plain == "Apply":
            self._function(attributes.get("function", ""))
        elif self.root == "PMML" and plain in {"Extension", "Value"}:
            for place in filter(_is_far, attributes.values()):
                if not note_reference(self.record, place, f"what a {plain} names"):
                    detail = f"what a {plain} names is fetched from an address"
                    self.record.fact(FactKind.REMOTE_REFERENCE, place, detail)
        elif self.root == "svg":
            self._picture(plain, attributes)

    def _network(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"plugin", "extension"}:
            judge_plugin(attributes.get("location") or attributes.get("path") or "", self.record)
        if name == "layer":
            self._layer(attributes)
        elif name == "data":
            self._libraries("data", attributes)
            self._stored(attributes)
        elif name == "port":
            self._dims = []
        self._is_dim = name == "dim"

    def _picture(self, name: str, attributes: dict[str, str]) -> None:
        """What a browser that shows the picture by itself would run or fetch."""
        handlers = [key for key in attributes if _HANDLER.match(key)]
        if _HANDLER.match(attributes.get("attributeName", "")):
            handlers.append(attributes["attributeName"])
        if name in _RUNNING or handlers:
            detail = "code that runs where the picture is shown by itself"
            subject = (*handlers, name)[0]
            kind, danger = FactKind.EMBEDDED_CODE, Severity.MEDIUM
            self.record.fact(kind, subject, detail, danger=danger)
        for key, place in attributes.items():
            if key.rsplit(":", 1)[-1] in {"href", "src"} and name != "a" and is_remote(place):
                detail = "is fetched where the picture is shown"
                kind, danger = FactKind.REMOTE_REFERENCE, Severity.LOW
                self.record.fact(kind, place, detail, danger=danger)

    def _attributes(self, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key in {"class", "factory-method", "method"} and GADGETS.search(value.encode()):
                detail = "a class that turns reading of a document into running commands"
                self.record.fact(FactKind.DENIED_CALL, value, detail)
            if key.startswith("xmlns") and _XALAN.search(value):
                detail = "elements that a processor of style sheets carries out as Java"
                self.record.fact(FactKind.EMBEDDED_CODE, value, detail, danger=Severity.MEDIUM)
            self._text(value)

    def _text(self, text: str) -> None:
        if self._is_dim and (size := text.strip()).isdecimal():
            self._dims.append(int(size[:_DIGITS]))
        if len(text) < SHORTEST_TEXT:
            return
        self.texts += 1
        if self.texts <= MOST_TEXTS:
            judge_value(text.encode("utf-8", "replace"), "a text of the document", self.record)
            if _RUNS_JAVA.search(text):
                detail = "program text of Java that an extension may run"
                self.record.fact(FactKind.EMBEDDED_CODE, text[:80], detail, danger=Severity.MEDIUM)

    def finish(self) -> None:
        """Judge what is only known at the end."""
        for name in [name for name in self.used if name not in self.defined][:50]:
            where = "the evaluator looks it up as a class" if "." in name else "it is not built in"
            detail = f"what the function {name!r:.80} does is not known: {where}"
            self.record.gap(GapReason.UNRESOLVED, detail)
        if self.texts > MOST_TEXTS:
            detail = f"of {self.texts} texts the first {MOST_TEXTS} were searched for code"
            self.record.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)
        if self.root and self.root not in _DATA:
            detail = f"an XML document {self.root!r:.60}: what it leads to is not known"
            self.record.gap(GapReason.UNSUPPORTED, detail)

    def _function(self, name: str) -> None:
        if name not in _BUILT_IN:
            self.used[name] = None
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

    def _end(self, name: str) -> None:
        self.depth -= 1
        self._is_dim = False
        if name == "port" and self.root == "net":
            note_shape(self.record, self._dims, "a port of a layer")

    def _stored(self, attributes: dict[str, str]) -> None:
        """What a constant declares of the file with the weights beside the network."""
        shape = attributes.get("shape", "")
        note_shape(self.record, [int(item) for item in _NUMBER.findall(shape)[:64]], "a constant")
        for key in ("offset", "size"):
            value = attributes.get(key, "").strip()
            if value and not (value.isdecimal() and len(value) < _DIGITS):
                detail = f"the {key} {value!r:.60} is no place in a file"
                self.record.fact(FactKind.BROKEN, key, detail)

    def _layer(self, attributes: dict[str, str]) -> None:
        version, kind = attributes.get("version", ""), attributes.get("type", "")
        self._libraries(kind, attributes)
        if "python" in kind.lower():
            detail = "a layer that runs Python code"
            self.record.fact(FactKind.UNSAFE_OPERATOR, kind, detail)
        if _OPSETS.match(version) and version.startswith("opset") and kind not in OPERATORS:
            detail = f"what the layer {kind!r:.60} does is not known: no set of operators has it"
            self.record.gap(GapReason.UNRESOLVED, detail)
        if version and not _OPSETS.match(version):
            detail = f"a layer of {version!r:.60}: it needs an extension library"
            self.record.fact(FactKind.CUSTOM_OPERATOR, kind, detail)

    def _libraries(self, kind: str, attributes: dict[str, str]) -> None:
        for place in attributes.values():
            if _LIBRARY.search(place):
                detail = f"the layer {kind!r:.60} loads a library"
                self.record.fact(FactKind.OUTSIDE_REFERENCE, place, detail)

    def _instruction(self, target: str, data: str) -> None:
        if target in {"php", "perl", "python", "ruby", "jsp", "asp"}:
            detail = "program text that a server would run where it hands the document out"
            kind, danger = FactKind.EMBEDDED_CODE, Severity.MEDIUM
            self.record.fact(kind, target, detail, danger=danger)
        if target == "xml-stylesheet":
            match = re.search(r"href\s*=\s*['\"]([^'\"]+)", data)
            if match and not note_reference(self.record, match.group(1), "a style sheet"):
                self.record.fact(
                    FactKind.OUTSIDE_REFERENCE,
                    match.group(1),
                    "a style sheet is carried out",
                    danger=Severity.MEDIUM,
                )
