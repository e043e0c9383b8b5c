"""What the command of a container installs each time it starts."""

from __future__ import annotations

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex

_INSTALL = regex(r"\bpip[0-9.]{0,4}[ \t]+install\b([^\n;&|]{0,2000})")
_NAME = regex(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}(?:\[[A-Za-z0-9,._-]{0,200}\])?(?:[<>~!]=?[^=]\S*)?"
)
_SOURCE = regex(r"(?:\S+@)?git\+[a-z]+://\S+")
_COMMIT = regex(r"@[0-9a-f]{40}\b")
# Options of pip whose next word is a value.
_VALUED = frozenset({
    "-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f",
    "--find-links", "-t", "--target", "--prefix", "--root", "--cache-dir", "--timeout",
    "--trusted-host", "--platform", "--python-version", "--upgrade-strategy", "--retries",
    "--proxy", "--log", "--no-binary", "--only-binary", "-e", "--editable",
})  # fmt: skip
# What pip is made better with before it installs: it does not serve.
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})


def unpinned_install(node: Node) -> str | None:
    """Give the first package that a text for a shell installs in whatever version is newest."""
    if not isinstance(node.value, str) or "install" not in node.value:
        return None
    for match in _INSTALL.finditer(node.value.replace("\\\n", " ")):
        words: list[str] = match[1].split()
        for before, word in zip(("", *words), words, strict=False):
            bare: str = word.strip("\"'")
            if before in _VALUED or bare.partition("[")[0].lower() in _TOOLS:
                continue
            is_branch = _SOURCE.fullmatch(bare) and not _COMMIT.search(bare)
            if is_branch or _NAME.fullmatch(bare):
                return bare
    return None
