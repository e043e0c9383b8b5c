"""The directories of modules: how reports name them, and which one a call names."""

from __future__ import annotations

import posixpath

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.modules.module import Module, Placed
from mlsec.iac.terraform.syntax.tree import Literal


def shown_root(module: Module) -> str:
    """Give a directory as its repository calls it."""
    return posixpath.dirname(module.files[0].shown) or "."


def local_source(call: Placed, module: Module) -> str | UnknownValue:
    """Give the directory that a module call names, or why it names none of the target."""
    source = call.block.body.attributes.get("source")
    if source is None or not isinstance(source.value, Literal):
        return UnknownValue("its source is not written out")
    written = str(source.value.value)
    if not written.startswith(("./", "../")) and written not in (".", ".."):
        return UnknownValue(
            f"{written[:200]} is not in this folder and is not fetched, so what it declares was "
            "not judged; scan the output of terraform show -json instead"
        )
    joined = posixpath.normpath(posixpath.join(module.directory, written))
    if joined == ".." or joined.startswith("../"):
        return UnknownValue(f"{written[:200]} is outside the scanned folder")
    return "" if joined == "." else joined
