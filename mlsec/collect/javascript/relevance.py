"""Whether JavaScript or TypeScript may fetch from a hub of models: by what it imports."""

from __future__ import annotations

from mlsec.core.regex import regex

ENDINGS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_WORDS = ("huggingface", "@xenova/transformers", "hf_transformers")
# How such a module ends, from wherever it is fetched.
_IMPORT = regex(
    r"(?:@huggingface/(?:transformers|hub|inference)|@xenova/transformers"
    r"|(?:@langchain/community|langchain)/[\w/]{0,40}(?:hf_|huggingface))[\w.@+/-]{0,80}[\"'`]"
)


def is_relevant(name: str, text: str) -> bool:
    """Whether a file (its name in lower case) imports a library of a hub."""
    if not name.endswith(ENDINGS) or name.endswith((".d.ts", ".min.js")):
        return False
    return any(word in text for word in _WORDS) and bool(_IMPORT.search(text))


def library_of(module: str) -> str:
    """Name the library that a module belongs to, wherever it is fetched from; "" for others."""
    if "@huggingface/transformers" in module or "@xenova/transformers" in module:
        return "transformers.js"
    for name in ("hub", "inference"):
        if f"@huggingface/{name}" in module:
            return f"@huggingface/{name}"
    is_langchain = "langchain/" in module and ("hf" in module or "huggingface" in module)
    return "langchain" if is_langchain else ""
