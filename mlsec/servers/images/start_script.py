"""The script that an image starts with, where its Dockerfile writes it."""

from __future__ import annotations

import posixpath

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.code.launch import UNKNOWN_TEXT
from mlsec.servers.images.dockerfile import recipes_of
from mlsec.servers.images.printed import joined
from mlsec.servers.unknown_value import MAX_CHARS


def start_script(file: CodeFile) -> str:
    """Give the script on the lines that write it, with as many lines as the file; "" for none."""
    recipes = recipes_of(file) if len(file.text) <= MAX_CHARS else ()
    recipe = recipes[-1] if recipes else None
    if recipe is None or recipe.argv is None:
        return ""
    texts = [word for node in recipe.argv[:6] for word in str(node.value)[:4096].split()]
    named = {posixpath.normpath(posixpath.join(recipe.folder, text)) for text in texts}
    lines = [""] * len(file.text.splitlines())
    for path, written in recipe.writes.files.items():
        if path not in named or not written.is_known or path.endswith(".py"):
            continue
        text, numbers = joined(written.pieces)
        text = text.replace(UNKNOWN_TEXT, "${UNKNOWN}")
        for number, line in zip(numbers, text.split("\n"), strict=False):
            if not line.lstrip().startswith("#") and 0 < number <= len(lines):
                lines[number - 1] += f"; {line}" if lines[number - 1] else line
    return "\n".join(lines) if any(lines) else ""
