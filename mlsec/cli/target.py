"""What a TARGET on the command line means: an address to ask, a path to read, a snapshot."""

from __future__ import annotations

import stat
from pathlib import Path

from mlsec.core.errors import MlsecError

_EXAMPLES = (
    "aws, aws://111122223333/eu-west-1, azure, gcp://my-project, kubernetes://CONTEXT,"
    " s3://bucket/folder, gs://bucket/folder, az://account/container,"
    " https://models.example:8443, a folder, or a snapshot"
)
TARGET_HELP = (
    "TARGET is aws[://account/region,...], azure[://subscription,...], gcp[://project,...],"
    " kubernetes[://context[/namespace,...]], a bucket with model files (s3://bucket/folder,"
    " gs://bucket/folder, az://account/container), a running server (https://host:port or"
    " http://host:port; only this address is contacted, read-only and without credentials), or the"
    " path of a folder or file of code, configuration and models."
)
# Names that others use for the same store.
_SCHEMES_ELSEWHERE = {
    "gcs": "gs", "azure-blob": "az", "s3a": "s3", "s3n": "s3", "abfs": "az", "wasb": "az",
}  # fmt: skip


def kind_of(target: str) -> str:
    """Give the kind of a target, as the table of ``applicability`` names it."""
    if is_evidence(target):
        return "snapshot"
    if is_remote(target):
        scheme = target.partition("://")[0]
        return "https" if scheme == "http" else scheme
    return "folder" if stat.S_ISDIR(_mode(target)) else "file"


def is_evidence(target: str) -> bool:
    """Whether a target is a saved snapshot: a file of that kind, or its readable twin."""
    path = Path(target)
    if stat.S_ISDIR(_mode(path)):
        return all(stat.S_ISREG(_mode(path / name)) for name in ("meta.json", "calls.jsonl"))
    if path.suffix in (".mlsnap", ".part"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def is_remote(target: str) -> bool:
    """Whether a target is asked over a network."""
    from mlsec.targets.collectors import SCHEMES

    return target.partition("://")[0] in SCHEMES and not _mode(target)


def is_path(target: str) -> bool:
    """Whether a target is a folder or file to read, and there."""
    return bool(_mode(target)) and not is_evidence(target)


def check_target(target: str) -> None:
    """Refuse what is neither an address nor a path that exists.

    Raises:
        MlsecError: a misspelt target.
    """
    if is_remote(target):
        return
    try:
        Path(target).lstat()
    except (FileNotFoundError, NotADirectoryError):
        raise MlsecError(
            f'"{target}" is neither a file or folder nor the address of a target',
            hint=_meant(target) or _EXAMPLES,
        ) from None
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=target) from None


def _mode(path: str | Path) -> int:
    """Give the file mode, 0 where nothing can be seen."""
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0


def _meant(target: str) -> str:
    """Guess the address behind a scheme that was misspelt (``s3:/x``, ``gcs://x``), or ""."""
    from mlsec.core.suggestions import did_you_mean
    from mlsec.targets.collectors import SCHEMES

    word, colon, rest = target.partition(":")
    path = rest.lstrip("/")
    if not colon or not path or "/" in word:
        return ""
    scheme = _SCHEMES_ELSEWHERE.get(word.lower(), word.lower())
    if scheme in SCHEMES:
        return f'did you mean "{scheme}://{path}"?'
    return did_you_mean(f"{scheme}://", [f"{name}://" for name in SCHEMES]).removeprefix("; ")
