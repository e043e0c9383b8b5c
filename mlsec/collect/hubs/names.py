"""Which texts name a model or data on a hub, and which a folder on disk."""

from __future__ import annotations

from mlsec.core.regex import regex

_COMMIT = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# What a hub takes as a name: owner/name, or the name of one of its first models.
_ID = regex(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_OLD_ID = regex(r"(?:[a-z0-9]+-)+[a-z0-9.-]+|gpt2|distilgpt2|bloom|squad|glue|imdb")
# The first part of paths that people write for folders of their own.
_FOLDERS = frozenset({
    "model", "models", "output", "outputs", "checkpoint", "checkpoints", "ckpt", "ckpts", "weights",
    "data", "dataset", "datasets", "results", "result", "saved", "saved_model", "saved_models",
    "artifacts", "tmp", "trained_model", "trained_models", "pretrained", "pretrained_models",
    "logs", "runs", "experiments", "path", "assets", "cache", ".", "..", "~",
})  # fmt: skip


def is_commit(revision: str) -> bool:
    """Whether a revision is a full commit, which nobody moves."""
    return bool(_COMMIT.fullmatch(revision))


def is_on_hub(name: str) -> bool:
    """Whether a text names something on a hub, and no folder."""
    is_id = bool(_ID.fullmatch(name) or _OLD_ID.fullmatch(name))
    return is_id and name.partition("/")[0].lower() not in _FOLDERS


def begins_as_path(begin: str) -> bool:
    """Whether a text that begins so is a path, however it ends: an id has one slash."""
    return begin.startswith(("/", ".", "~")) or begin.count("/") > 1
