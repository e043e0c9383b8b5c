"""Managed policies of AWS for a whole service that Terraform gives to a module."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.core.regex import regex

_MODULE = regex(r"[ \t]*module[ \t]+\"(?P<name>[\w-]{1,128})\"[ \t]*\{[ \t\r]*")
_END = regex(r"\}[ \t\r]*(?:#.*)?")
# Those that give all of an account, or every bucket, model or agent in it.
_POLICY = regex(
    r"\"arn:aws[\w-]{0,10}:iam::aws:policy/(?P<policy>AdministratorAccess|PowerUserAccess|"
    r"IAMFullAccess|AmazonS3FullAccess|AmazonS3ReadOnlyAccess|AmazonSageMakerFullAccess|"
    r"AmazonBedrockFullAccess|AmazonEC2FullAccess|SecretsManagerReadWrite)\""
)


def module_policies(file: CodeFile) -> Iterator[tuple[int, str]]:
    """Give the line and the policy of each module that is given one of them by name."""
    if file.language is not Language.TERRAFORM or ":iam::aws:policy/" not in file.text:
        return
    name = ""
    for number, line in enumerate(file.text.split("\n"), start=1):
        begins = _MODULE.fullmatch(line)
        if begins is not None:
            name = begins["name"]
        elif _END.fullmatch(line):
            name = ""
        elif name and not line.lstrip().startswith(("#", "//")):
            match = _POLICY.search(line)
            if match is not None:
                yield number, f"module {name} is given {match['policy']}"
