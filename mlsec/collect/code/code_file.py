"""One file of a repository that declares something, and all of them together."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

import msgspec

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
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
    TERRAFORM_MODULES = "list of installed Terraform modules"
    TERRAFORM_FILE = "file that Terraform reads"
    CLOUDFORMATION = "cloudformation"
    ARM = "arm template"
    BICEP = "bicep"
    CDK_CODE = "CDK source"
    JAVASCRIPT = "javascript"
    KUBERNETES = "kubernetes manifest"
    HELM_CHART = "helm chart"
    HELM_TEMPLATE = "helm template"
    HELM_VALUES = "chart values"
    # Of whatever tool: kept for the keys in it alone.
    SETTINGS = "settings"
    KUSTOMIZATION = "kustomization"
    COMPOSE = "compose"
    DOCKERFILE = "dockerfile"
    ENVIRONMENT = "environment file"
    SHELL = "shell script"
    SERVER_CONFIG = "server configuration"
    UNIT = "systemd unit"
    PROCFILE = "procfile"
    PROXY = "proxy configuration"
    PYTHON = "python"
    # Its text is the code of its cells: see collect/python/notebook.py.
    NOTEBOOK = "notebook"
    AZURE_ML = "Azure ML file"
    CONDA = "conda environment"
    MCP = "MCP settings"
    MODEL_PACKAGE = "model package"
    WORKFLOW = "workflow"
    KEY = "private key"
    # What tools make resources of that are not read here: see repository/other_tools.py.
    AZD = "azd project"
    CDK = "CDK app"
    CDKTF = "CDK for Terraform app"
    PULUMI = "Pulumi program"
    PULUMI_OUTPUT = "output of Pulumi"
    SERVERLESS = "Serverless Framework service"
    TERRAGRUNT = "Terragrunt configuration"


class RenderedText(msgspec.Struct, frozen=True, kw_only=True):
    """What one file of a chart or kustomization became; ``source`` is its path in the target."""

    source: str
    text: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What a root became with one file of values; ``values`` is its path from the root's folder."""

    values: str
    texts: tuple[RenderedText, ...] = ()


class NotRendered(msgspec.Struct, frozen=True, kw_only=True):
    """What of a root was not rendered, and why."""

    reason: GapReason
    detail: str


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart or kustomization became.

    ``used`` are the paths of the files that went into it, and are not judged by themselves.
    """

    scenarios: tuple[Scenario, ...] = ()
    problems: tuple[NotRendered, ...] = ()
    used: tuple[str, ...] = ()


class CodeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One text file as evidence; secrets in ``text`` are masked in place, line by line.

    ``id`` is the path as the target names it, ``path`` relative to the target, ``in_repository``
    relative to the root of its git repository (what code scanning needs; ``path`` outside of one).
    ``is_committed`` is noted where it matters: of what a tool makes, which could stand for code.
    ``rendering`` is what the root of a chart or kustomization became.
    """

    id: str
    path: str
    language: Language
    text: str
    in_repository: str = ""
    is_committed: bool = False
    rendering: Rendering | msgspec.UnsetType = msgspec.UNSET

    @property
    def rendered(self) -> Rendering:
        """What it became; nothing for a file that is no root."""
        return Rendering() if isinstance(self.rendering, msgspec.UnsetType) else self.rendering

    @property
    def shown(self) -> str:
        """The path that reports point at."""
        return self.in_repository or self.path


class DeclaredObject(msgspec.Struct, frozen=True, kw_only=True):
    """A Kubernetes object in code of another kind, before it is read as one.

    ``id`` is that of what declares it, ``stack`` what is applied together; ``scenario`` is as in
    ``Origin``.
    """

    id: str
    stack: str
    scenario: str = ""
    node: Node
    file: CodeFile
    line: int = 0


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader made of the files it knows."""

    resources: tuple[Resource, ...] = ()
    launches: tuple[Launch, ...] = ()


PartsOf = Callable[[CodeFile], Iterable[CodeFile]]


class CodeScope:
    """The code of one target: its files, and what could not be understood of them.

    Readers note a gap for what they could not follow (``refuse`` a whole file, ``doubt`` a part of
    one), and say which files they took (``take``). A file that nobody takes is a gap as well.
    ``parts`` are what a file holds in another language: they have the id and the lines of the file.
    ``prefix`` begins the ids of what is declared, where other targets may declare the same: two
    repositories hold a ``main.tf`` each.
    """

    def __init__(
        self,
        name: str,
        files: Iterable[CodeFile],
        tally: Tally,
        parts: PartsOf | None = None,
        *,
        prefix: str = "",
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.files = tuple(files)
        self.parts = tuple(part for file in self.files for part in parts(file)) if parts else ()
        self.tally = tally
        self.taken: set[str] = set()
        self.refused: dict[str, tuple[str, ...]] = {}
        self.doubts: dict[str, list[Gap]] = {}
        self._limits: dict[str, set[int]] = {}
        self._unread_parts: set[tuple[str, int]] = set()
        self._budgets: dict[str, Budget] = {}
        # Kubernetes objects in code of another kind, for the reader of manifests.
        self.objects: list[DeclaredObject] = []

    def budget(self, reader: str) -> Budget:
        """Give what a reader may spend on the files of this target."""
        return self._budgets.setdefault(reader, Budget())

    def written_in(self, *languages: Language) -> tuple[CodeFile, ...]:
        """Give the files in these languages, by path, and then what others hold of them."""
        return tuple(file for file in (*self.files, *self.parts) if file.language in languages)

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
