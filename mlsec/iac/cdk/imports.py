"""Recognises source of CDK apps by what it imports."""

from __future__ import annotations

from mlsec.core.regex import regex

_IMPORTS = regex(
    r"(?m)^[^\S\n]*+(?:from|import)[^\S\n]++aws_cdk\b"
    r"|[\"'](?:aws-cdk-lib|@aws-cdk/[a-z0-9-]++)(?:/[^\"'\n]*+)?[\"']"
)


def imports_cdk(name: str, text: str) -> bool:
    """Whether a file (its name in lower case) is TypeScript or Python that uses the CDK."""
    if not name.endswith((".py", ".ts")) or name.endswith(".d.ts"):
        return False
    return ("aws_cdk" in text or "aws-cdk" in text) and bool(_IMPORTS.search(text))
