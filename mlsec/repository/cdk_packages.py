"""Which scripts of a folder are worth opening, and constructs of the CDK that lie below no app."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.folders.entry import Entry
from mlsec.collect.javascript.relevance import ENDINGS
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex
from mlsec.iac.cdk.imports import imports_cdk

_APP = "cdk.json"
_PACKAGE = "package.json"
_TYPED = (".ts", ".mts", ".cts", ".tsx")
_DEPENDS = regex(
    rb"\"(?:aws-cdk-lib|@aws-cdk/[a-z0-9-]++|@huggingface/(?:transformers|hub|inference)"
    rb"|@xenova/transformers|(?:@langchain/community|langchain))\""
)
_TEST = regex(r"(?:^|/)(?:tests?|__tests__)/|\.test\.ts\Z|(?:^|/)test_[^/]*\.py\Z")
_INSTEAD = "run cdk synth in an app that uses them and scan its cdk.out"


def without_websites(
    entries: Iterable[Entry], read: Callable[[Entry], bytes | None]
) -> list[Entry]:
    """Leave out scripts that use neither the CDK nor a hub of models: whole websites are scripts.

    TypeScript is kept where a folder holds an app, and all scripts of each package that depends on
    the CDK or on a library of a hub; JavaScript that no package holds is kept, as of a page.
    """
    kept = list(entries)
    if not any(entry.path.endswith(ENDINGS) for entry in kept):
        return kept
    is_app = any(posixpath.basename(entry.path) == _APP for entry in kept)
    packages = [entry for entry in kept if posixpath.basename(entry.path) == _PACKAGE]
    every = tuple(entry.path.removesuffix(_PACKAGE) for entry in packages)
    using = tuple(
        entry.path.removesuffix(_PACKAGE)
        for entry in packages
        if _DEPENDS.search(read(entry) or b"")
    )

    def is_kept(path: str) -> bool:
        if not path.endswith(ENDINGS) or path.startswith(using):
            return True
        is_typed = path.endswith(_TYPED)
        return is_app if is_typed else not path.endswith(".min.js") and not path.startswith(every)

    return [entry for entry in kept if is_kept(entry.path)]


def doubt_packages(scope: CodeScope) -> None:
    """Note constructs of the CDK that lie below no app: nothing says what becomes of them."""
    apps = tuple(file.path.removesuffix(_APP) for file in scope.written_in(Language.CDK))
    loose = [file for file in scope.written_in(Language.CDK_CODE, Language.PYTHON)
             if not (apps and file.path.startswith(apps)) and _uses_cdk(file)]  # fmt: skip
    if loose:
        first = min(loose, key=lambda file: file.path)
        count = f"{len(loose)} {'file' if len(loose) == 1 else 'files'}"
        detail = f"constructs of the CDK below no cdk.json ({count}) are read only where settings"
        scope.refuse(first, f"{detail} are literals: {_INSTEAD}", reason=GapReason.UNSUPPORTED)


def _uses_cdk(file: CodeFile) -> bool:
    return not _TEST.search(file.path) and imports_cdk(file.path.lower(), file.text)
