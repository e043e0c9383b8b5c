"""One resource of Terraform code or of a plan, before it is mapped to a type."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.terraform.values import Value


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a resource as the code declares it.

    ``body`` is what the code sets: arguments by name, nested blocks as lists of mappings; symbols
    and text around them stand there as they are. ``provider`` are the settings of its provider.
    ``root`` is the directory of its root module, as reports name it.
    ``why_unknown`` says why the number of instances is not known; this one stands for all.
    """

    address: str
    type: str
    name: str
    file: CodeFile
    line: int
    column: int
    body: Node
    provider: Mapping[str, Value]
    root: str
    why_unknown: UnknownValue | None = None
