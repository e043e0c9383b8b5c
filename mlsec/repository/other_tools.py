"""Projects of tools whose code is not read here: each is a gap that says what to scan instead."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex
from mlsec.iac.pulumi.project import is_program
from mlsec.repository.cdk_packages import doubt_packages
from mlsec.vocabulary.types import Vocabulary

_INFRASTRUCTURE = (Language.BICEP, Language.ARM, Language.TERRAFORM, Language.TERRAFORM_PLAN)
_PROVIDER = regex(r"(?m)^provider[^\S\n]*+:")
_HOST = regex(r"(?m)^[^\S\n]++host[^\S\n]*+:")
_RUNTIME = regex(r"(?m)^runtime[^\S\n]*+:")
_APP = regex(r"\bapp[\"']?[^\S\n]*+:")
_ML_HOST = regex(r"(?m)^[^\S\n]++host[^\S\n]*+:[^\S\n]*+[\"']?ai\.endpoint")


class OtherTool(msgspec.Struct, frozen=True, kw_only=True):
    """How a project of a tool is recognised, and what to scan for what it makes.

    ``word`` must stand in the file. ``made_in`` is the folder, beside the file, in which the tool
    leaves what it makes, and ``made_of`` what it is written in: where it lies there it is read.
    ``is_partly_read``: settings that its source writes out are read all the same.
    """

    names: tuple[str, ...] = ()
    word: Callable[[str], object] = bool
    instead: str
    made_in: str = ""
    made_of: tuple[Language, ...] = ()
    is_partly_read: bool = False


OTHER_TOOLS: Mapping[Language, OtherTool] = {
    Language.AZD: OtherTool(
        names=("azure.yaml", "azure.yml"),
        word=_HOST.search,
        instead="scan the subscription that it deploys to, azure://SUBSCRIPTION",
        made_in="infra",
        made_of=_INFRASTRUCTURE,
    ),
    Language.CDK: OtherTool(
        names=("cdk.json",),
        word=_APP.search,
        instead="run cdk synth and scan this folder again: cdk.out is read",
        is_partly_read=True,
        made_in="cdk.out",
        made_of=(Language.CLOUDFORMATION,),
    ),
    Language.CDKTF: OtherTool(
        names=("cdktf.json",),
        word=_APP.search,
        instead="run cdktf synth and scan this folder again: cdktf.out is read",
        made_in="cdktf.out",
        made_of=(Language.TERRAFORM,),
    ),
    Language.PULUMI: OtherTool(
        names=("pulumi.yaml", "pulumi.yml"),
        word=_RUNTIME.search,
        instead=(
            "run pulumi preview --json > preview.json, or pulumi stack export --file stack.json, "
            "beside it and scan again: what these print is read"
        ),
        made_in=".",
        made_of=(Language.PULUMI_OUTPUT,),
    ),
    Language.SERVERLESS: OtherTool(
        names=("serverless.yml", "serverless.yaml"),
        word=_PROVIDER.search,
        instead="run serverless package and scan this folder again: .serverless is read",
        made_in=".serverless",
        made_of=(Language.CLOUDFORMATION,),
    ),
    Language.TERRAGRUNT: OtherTool(
        names=("terragrunt.hcl",),
        instead="scan the output of terragrunt show -json of each unit",
    ),
}
_BY_NAME = {name: language for language, tool in OTHER_TOOLS.items() for name in tool.names}


def tool_of(name: str, text: str) -> Language | None:
    """Recognise a project of a tool by the name of its file (lower case) and its content."""
    language = _BY_NAME.get(name)
    return language if language is not None and OTHER_TOOLS[language].word(text) else None


def is_named_as_project(name: str) -> bool:
    """Whether a file's name (lower case) is that of a project of a tool."""
    return name in _BY_NAME


def refuse_other_tools(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Note each project whose tool's output is not in the target as not read, or not wholly."""
    del vocabulary
    for file in scope.written_in(*OTHER_TOOLS):
        scope.take(file)
        is_read = file.language is Language.PULUMI and is_program(file.text)
        if not is_read and not _is_made(file, scope):
            tool = OTHER_TOOLS[file.language]
            how = "read only where settings are literals" if tool.is_partly_read else "not read"
            detail = f"{file.language.value}s are {how}: {tool.instead}"
            scope.refuse(file, detail, reason=GapReason.UNSUPPORTED)
    doubt_packages(scope)
    return Declared()


def _is_made(file: CodeFile, scope: CodeScope) -> bool:
    """Whether what the tool makes of a project lies where the tool leaves it.

    What is committed may be old, or written by hand; the infrastructure of an azd project is code.
    """
    tool = OTHER_TOOLS[file.language]
    folder = tool.made_in
    is_code = file.language is Language.AZD
    if is_code:
        folder = _infra_of(file.text) or folder
        if _ML_HOST.search(file.text):
            return False
    if not folder:
        return False
    base = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), folder)) + "/"
    base = base.removeprefix("./")
    return any(
        made.path.startswith(base) and (is_code or not made.is_committed)
        for made in scope.written_in(*tool.made_of)
    )


def _infra_of(text: str) -> str:
    """Give the folder of infrastructure that an azd project names, "" when it names none."""
    is_inside = False
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if line[:1].strip():
            is_inside = key.rstrip() == "infra"
        elif is_inside and key.strip() == "path":
            return value.partition("#")[0].strip().strip("\"'")
    return ""
