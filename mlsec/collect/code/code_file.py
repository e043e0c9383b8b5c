"""One file of a repository that declares something, and all of them together."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.launch import Launch
from mlsec.collect.tally import Tally
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import LimitError, MlsecError
from mlsec.core.resource import Gap, Origin, Resource

FILE_TYPE = "code.file"
# So many places of one file are named where a limit was met.
_MOST_LIMITS = 50


class Language(enum.Enum):
    """What a file is written in, by its name and its content."""

    TERRAFORM = "terraform"
    TERRAFORM_VALUES = "terraform values"
    TERRAFORM_PLAN = "terraform plan"
    CLOUDFORMATION = "cloudformation"
    ARM = "arm template"
    BICEP = "bicep"
    KUBERNETES = "kubernetes manifest"
    HELM_TEMPLATE = "helm template"
    KUSTOMIZATION = "kustomization"
    COMPOSE = "compose"
    DOCKERFILE = "dockerfile"
    ENVIRONMENT = "environment file"
    SHELL = "shell script"
    SERVER_CONFIG = "server configuration"
    UNIT = "systemd unit"
    PROCFILE = "procfile"
    PROXY = "proxy configuration"
    # What tools make resources of that are not read here: see repository/other_tools.py.
    AZURE_ML = "Azure ML file"
    AZD = "azd project"
    CDK = "CDK app"
    CDKTF = "CDK for Terraform app"
    PULUMI = "Pulumi program"
    SERVERLESS = "Serverless Framework service"
    TERRAGRUNT = "Terragrunt configuration"


class CodeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One text file as evidence; secrets in ``text`` are masked in place, line by line.

    ``id`` is the path as the target names it, ``path`` relative to the target, ``in_repository``
    relative to the root of its git repository (what code scanning needs; ``path`` outside of one).
    ``is_committed`` is noted where it matters: of what a tool makes, which could stand for code.
    """

    id: str
    path: str
    language: Language
    text: str
    in_repository: str = ""
    is_committed: bool = False

    @property
    def shown(self) -> str:
        """The path that reports point at."""
        return self.in_repository or self.path


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader made of the files it knows."""

    resources: tuple[Resource, ...] = ()
    launches: tuple[Launch, ...] = ()


class CodeScope:
    """The code of one target: its files, and what could not be understood of them.

    Readers note a gap for what they could not follow (``refuse`` a whole file, ``doubt`` a part of
    one), and say which files they took (``take``). A file that nobody takes is a gap as well.
    """

    def __init__(self, name: str, files: Iterable[CodeFile], tally: Tally) -> None:
        self.name = name
        self.files = tuple(files)
        self.tally = tally
        self.taken: set[str] = set()
        self.refused: dict[str, tuple[str, ...]] = {}
        self.doubts: dict[str, list[Gap]] = {}
        self._limits: dict[str, set[int]] = {}
        self._unread_parts: set[tuple[str, int]] = set()
        self._budgets: dict[str, Budget] = {}

    def budget(self, reader: str) -> Budget:
        """Give what a reader may spend on the files of this target."""
        return self._budgets.setdefault(reader, Budget())

    def written_in(self, *languages: Language) -> tuple[CodeFile, ...]:
        """Give the files in these languages, by path."""
        return tuple(file for file in self.files if file.language in languages)

    def take(self, file: CodeFile) -> None:
        """Note that a reader has read this file, whatever it found there."""
        self.taken.add(file.id)

    def refuse(
        self, file: CodeFile, detail: str, *, reason: GapReason = GapReason.MALFORMED, line: int = 0
    ) -> Gap:
        """Note that a whole file, or all from a line on, was not understood."""
        gap = self._gap(file, reason, detail, line)
        self.refused[file.id] = (*self.refused.get(file.id, ()), gap.id)
        return gap

    def refuse_error(self, file: CodeFile, error: MlsecError, what: str = "") -> Gap:
        """Note that a file could not be parsed, at the line that the error names."""
        line = error.location.partition(":")[0]
        reason = GapReason.OVER_LIMIT if isinstance(error, LimitError) else GapReason.MALFORMED
        number = int(line) if line.isdecimal() else 0
        return self.refuse(file, f"{what}{error.message}", reason=reason, line=number)

    def over_limit(self, file: CodeFile, detail: str, line: int = 0) -> None:
        """Note that a limit of the scan hides a part of a file: it was not read as a whole."""
        lines = self._limits.setdefault(file.id, set())
        if line in lines or len(lines) > _MOST_LIMITS:
            return
        lines.add(line)
        if len(lines) > _MOST_LIMITS:
            detail, line = f"{detail}; so do more than {_MOST_LIMITS} parts of this file", 0
        self.refuse(file, detail, reason=GapReason.OVER_LIMIT, line=line)

    def unread_part(self, file: CodeFile, detail: str, line: int) -> None:
        """Note that a part of a file declares what is not read; ``detail`` says what would."""
        place = (file.id, line)
        if place not in self._unread_parts:
            self._unread_parts.add(place)
            self.refuse(file, detail, reason=GapReason.UNSUPPORTED, line=line)

    def doubt(
        self,
        file: CodeFile,
        detail: str,
        *,
        reason: GapReason = GapReason.UNRESOLVED,
        line: int = 0,
    ) -> Gap:
        """Note that a part of a file was not understood, and go on with the rest."""
        gap = self._gap(file, reason, detail, line)
        self.doubts.setdefault(file.id, []).append(gap)
        return gap

    def origin(self, file: CodeFile, line: int, column: int = 0) -> Origin:
        """Give the origin of a resource that is declared at this place."""
        return Origin(kind="iac", file=file.shown, line=max(1, line), column=column)

    def _gap(self, file: CodeFile, reason: GapReason, detail: str, line: int) -> Gap:
        where = f"{file.id}:{line}" if line else file.id
        gap = make_gap(
            scope=self.name, subject=where, wanted=file.language.value, reason=reason, detail=detail
        )
        self.tally.gaps[gap.id] = gap
        return gap
