"""What a TARGET on the command line means: an address to ask, a path to read, a snapshot."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlsec.core.errors import MlsecError, UsageError

_EXAMPLES = "give . for this folder, aws for an account, or s3://bucket for models; see --help"
TARGET_HELP = (
    "TARGET is aws[://account/region,...], azure[://subscription,...], gcp[://project,...],"
    " kubernetes[://context[/namespace,...]], a bucket with model files (s3://bucket/folder,"
    " gs://bucket/folder, az://account/container), a running server (https://host:port or"
    " http://host:port; only this address is contacted, read-only and without credentials), or the"
    " path of a folder or file of code, configuration and models. A name such as aws is the cloud,"
    " whatever the working directory contains (./aws is the folder)."
)
# Names that others use for the same store.
_SCHEMES_ELSEWHERE = {
    "gcs": "gs", "azure-blob": "az", "s3a": "s3", "s3n": "s3", "abfs": "az", "wasb": "az",
}  # fmt: skip


_EVIDENCE_SUFFIX = ".mlsnap"
_TWIN = ("meta.json", "calls.jsonl")


def kind_of(target: str) -> str:
    """Give the kind of a target, as the table of ``applicability`` names it."""
    if is_evidence(target):
        return "snapshot"
    if is_remote(target):
        scheme = target.partition("://")[0]
        return "https" if scheme == "http" else scheme
    return "folder" if stat.S_ISDIR(_mode(target)) else "file"


def saved_evidence(targets: Sequence[str], named: Path | None) -> Path | None:
    """Give the saved evidence that a command line names, None where it names targets to collect.

    A folder is never evidence by what lies in it: whoever writes into a repository would decide
    whether the repository is scanned at all.

    Raises:
        MlsecError: nothing is named, or evidence and something else.
    """
    saved = [
        *([named] if named else []),
        *(Path(target) for target in targets if is_evidence(target)),
    ]
    if not saved:
        check_is_named(targets)
    if saved and len(targets) + (named is not None) > 1:
        raise MlsecError(
            f"{saved[0]} is saved evidence, which is assessed alone, and there are other targets",
            hint="scan them one by one",
        )
    return saved[0] if saved else None


def check_is_named(targets: Sequence[str]) -> None:
    """Refuse a command line without a target.

    Raises:
        UsageError: shows what a target may be.
    """
    if not targets:
        raise UsageError("nothing to scan is named", hint=_EXAMPLES)


def is_evidence(target: str) -> bool:
    """Whether a target is a snapshot file by its name; what is in it does not matter."""
    if is_remote(target) or not target.endswith(_EVIDENCE_SUFFIX):
        return False
    return not stat.S_ISDIR(_mode(target))


def is_remote(target: str) -> bool:
    """Whether a target is asked over a network."""
    from mlsec.targets.collectors import scheme_of

    return bool(scheme_of(target))


def is_path(target: str) -> bool:
    """Whether a target is a folder or file to read, and there."""
    return not is_remote(target) and bool(_mode(target)) and not is_evidence(target)


def doubts_about(targets: Sequence[str]) -> Iterator[str]:
    """Say of each target that may have been meant otherwise how it is taken, and what to write."""
    from mlsec.core.sanitize import visible

    for target in targets:
        name = visible(target, 200)
        if is_remote(target):
            if _mode(target):
                yield f'"{name}" is the address; the folder or file of that name is "./{name}"'
        elif _looks_like_evidence(target):
            what = "folder" if stat.S_ISDIR(_mode(target)) else "file"
            yield (
                f"{name} is scanned as a {what} like any other; to assess the evidence in it:"
                f" mlsec scan --evidence {shlex.quote(name)}"
            )


def _looks_like_evidence(target: str) -> bool:
    path = Path(target)
    if stat.S_ISDIR(_mode(path)):
        return all(stat.S_ISREG(_mode(path / name)) for name in _TWIN)
    if is_evidence(target) or not stat.S_ISREG(_mode(path)):
        return False
    from mlsec.artifacts.content.known_formats import is_own_evidence

    try:
        with path.open("rb") as file:
            return is_own_evidence(file.read(72))
    except OSError:
        return False


def check_target(target: str) -> None:
    """Refuse what is neither an address nor a path that exists.

    Raises:
        UsageError: a misspelt target, or the page of a repository.
    """
    if is_remote(target):
        _check_address(target)
        return
    try:
        Path(target).lstat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f'"{target}" is neither a file or folder nor the address of a target',
            hint=_meant(target) or _EXAMPLES,
        ) from None
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=target) from None


def _check_address(target: str) -> None:
    """Refuse the web page of a repository, which is no model server.

    Raises:
        UsageError: says what to do with it.
    """
    if target.startswith(("https://", "http://")):
        from mlsec.cli.mistakes import repository_page

        host, _, path = target.partition("://")[2].partition("/")
        said = repository_page(host, path)
        if said:
            raise UsageError(f'"{target}" {said}')


def _mode(path: str | Path) -> int:
    """Give the file mode, 0 where nothing can be seen."""
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0


def _meant(target: str) -> str:
    """Guess the address behind a scheme that was misspelt (``s3:/x``, ``gcs://x``), or ""."""
    from mlsec.cli.mistakes import target_meant
    from mlsec.core.suggestions import did_you_mean
    from mlsec.targets.collectors import SCHEMES

    word, colon, rest = target.partition(":")
    path = rest.lstrip("/")
    other = target_meant(target)
    if other or not colon or not path or "/" in word:
        return other
    scheme = _SCHEMES_ELSEWHERE.get(word.lower(), word.lower())
    if scheme in SCHEMES:
        return f'did you mean "{scheme}://{path}"?'
    return did_you_mean(f"{scheme}://", [f"{name}://" for name in SCHEMES]).removeprefix("; ")
