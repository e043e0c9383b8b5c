"""The catalogue: what the rules and frameworks of a scan say, whatever they came to.

It is a file of its own beside the assessment, which names it by digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mlsec.core.enums import (
    Category,
    Concern,
    Consequence,
    Exposure,
    Relation,
    RuleStatus,
    Severity,
)
from mlsec.core.errors import MlsecError
from mlsec.core.framework import Framework

CATALOGUE_SCHEMA = "mlsec/catalogue/1"
CATALOGUE_FILE = "catalogue.json"


class ControlLink(msgspec.Struct, frozen=True, kw_only=True):
    """One framework control that a rule gives evidence for, how the two relate, and the reason.

    In an assessment ``because`` is "": the reason stands in the catalogue.
    """

    id: str
    because: str
    relation: Relation = Relation.INTERSECTS


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """How to mend it: prose, and what can be pasted.

    ``config`` is for the file that declares it: a manifest, a compose file, settings.
    ``replaces`` says what a command puts aside that was there before, and ``keep`` is the command
    that prints it, to be run first. ``cli`` and ``keep`` have holes that the finding fills, and
    choices such as ``<subnet-id>`` for the reader.
    ``by_provider`` has what only holds on one cloud, for a rule that judges several.
    """

    text: str
    cli: str = ""
    terraform: str = ""
    cloudformation: str = ""
    console: str = ""
    config: str | msgspec.UnsetType = msgspec.UNSET
    replaces: str | msgspec.UnsetType = msgspec.UNSET
    keep: str | msgspec.UnsetType = msgspec.UNSET
    by_provider: Mapping[str, Fix] | msgspec.UnsetType = msgspec.UNSET

    @property
    def parts(self) -> Mapping[str, Fix]:
        """What is said of single providers, by provider."""
        return {} if isinstance(self.by_provider, msgspec.UnsetType) else self.by_provider

    def on(self, provider: str) -> Fix:
        """Give what holds on one provider: its own part, and of the common one what that leaves."""
        own = self.parts.get(provider)
        if own is None:
            return self
        return Fix(
            text=own.text or self.text,
            cli=own.cli or self.cli,
            terraform=own.terraform or self.terraform,
            cloudformation=own.cloudformation or self.cloudformation,
            console=own.console or self.console,
            config=own.config or self.config,
            replaces=(own if own.cli else self).replaces,
            keep=(own if own.cli else self).keep,
        )


class CatalogueRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says.

    ``exposure`` and ``consequence`` are its objective's: who can make use of what is wrong, and
    what they gain.
    """

    id: str
    title: str
    severity: Severity
    category: Category
    concern: Concern
    status: RuleStatus
    resource: str
    why: str
    fix: Fix
    controls: tuple[ControlLink, ...] = ()
    equivalents: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    known_exceptions: tuple[str, ...] = ()
    objective: str = ""
    exposure: Exposure | msgspec.UnsetType = msgspec.UNSET
    consequence: Consequence | msgspec.UnsetType = msgspec.UNSET


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All rules of a scan, sorted by id, and the frameworks that they are linked to.

    ``types`` has what people call each type: ``S3 bucket`` for ``aws.s3.bucket``; ``meanings`` what
    it means that a property of a type holds, by type and property.
    """

    schema: str = CATALOGUE_SCHEMA
    rules: tuple[CatalogueRule, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    types: Mapping[str, str] = msgspec.field(default_factory=dict)
    meanings: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)


def catalogue_rule(rule: CatalogueRule) -> CatalogueRule:
    """Give what a rule says without what it came to."""
    fields = CatalogueRule.__struct_fields__
    return CatalogueRule(**{name: getattr(rule, name) for name in fields})


def catalogue_chunks(catalogue: Catalogue) -> Iterator[bytes]:
    """Encode catalogue.json, one rule or framework a line; same input, same bytes.

    Controls and profiles keep the order of the standard.
    """
    encoder = msgspec.json.Encoder()
    yield b'{\n"schema": ' + encoder.encode(catalogue.schema)
    for name, part in (("rules", catalogue.rules), ("frameworks", catalogue.frameworks)):
        yield b',\n"' + name.encode() + b'": ' + _lines(encoder, part)
    for name, words in (("types", catalogue.types), ("meanings", catalogue.meanings)):
        if words:
            yield b',\n"' + name.encode() + b'": ' + encoder.encode(dict(sorted(words.items())))
    yield b"\n}\n"


def catalogue_digest(catalogue: Catalogue) -> str:
    """Give the SHA-256 of catalogue.json, as an assessment names it."""
    whole = hashlib.sha256()
    for chunk in catalogue_chunks(catalogue):
        whole.update(chunk)
    return whole.hexdigest()


def read_catalogue(payload: bytes) -> Catalogue:
    """Read what catalogue_chunks wrote.

    Raises:
        MlsecError: cut off, not JSON, of another schema, or with a field that does not fit.
    """
    try:
        catalogue = msgspec.json.decode(payload, type=Catalogue)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MlsecError(
            f"this is not a complete {CATALOGUE_FILE}: {error}",
            hint="write it again with mlsec scan -o, or leave it out",
        ) from error
    if catalogue.schema != CATALOGUE_SCHEMA:
        raise MlsecError(
            f'the catalogue has the schema "{catalogue.schema[:80]}"; this mlsec reads'
            f' "{CATALOGUE_SCHEMA}"'
        )
    return catalogue


def _lines(encoder: msgspec.json.Encoder, part: Sequence[msgspec.Struct]) -> bytes:
    return b"[\n" + b",\n".join(map(encoder.encode, part)) + b"\n]" if part else b"[]"
