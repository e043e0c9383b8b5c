"""Which kind of secret a string is, by its published form or by its key and randomness."""

from __future__ import annotations

import math
import re
from collections import Counter

from mlsec.core.regex import regex

# Source: the vendors' own descriptions of their tokens (prefix and length).
_FORMS = (
    ("private-key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("aws-access-key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    ("github-token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    ("gitlab-token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("huggingface-token", r"\bhf_[A-Za-z0-9]{30,}"),
    ("anthropic-key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("openai-key", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}"),
    ("slack-token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("slack-webhook", r"hooks\.slack\.com/services/T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]+"),
    ("google-api-key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("google-service-account", r'"type"\s*:\s*"service_account"'),
    ("azure-storage-key", r"AccountKey=[A-Za-z0-9+/]{80,}={0,2}"),
    ("stripe-key", r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{20,}"),
    ("npm-token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("pypi-token", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("wandb-key", r"(?i)wandb[_a-z]{0,40}\s*+[=:]\s*+[\"']?[0-9a-f]{40}\b"),
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}"),
    ("password-in-url", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"]{1,100}:[^\s@/'\"{}$<]{3,200}@"),
)
KINDS = tuple((kind, regex(form)) for kind, form in _FORMS)
_SECRET_NAME = regex(
    r"(?i)(pass(wd|word|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credential|auth[_-]?key|client[_-]?key|conn(ection)?[_-]?str(ing)?|signing[_-]?key)"
)
_NOT_SECRET_NAME = regex(
    r"(?i)(arn|url|uri|endpoint|path|file|name|namespace|_id|count|limit|(?<![a-z])(max|min)\w*|length|type|tokeni[sz]er"
    r"|enabled?|mode|region|tokens)$"
)
_ASSIGNMENT = regex(
    r"(?i)\b([A-Za-z0-9_.-]{0,100}(?:password|passwd|secret|token|api_?key|access_?key)"
    r"[A-Za-z0-9_]{0,100})\s*+[=:]\s*+[\"']?([^\s\"'`;&|<>]{8,200})"
)
PLACEHOLDER = regex(
    r"(?i)^(\$|\{\{|<|%\(|arn:|resolve:|\{\{resolve|https?://|s3://|/|true$|false$|none$|null$"
    r"|change_?me|example|placeholder|your[_-]|xxx|\*{3}"
    r"|(insert|replace|enter|put|add|paste|fill|provide|set)[_-](me$|with|your|my|the|this|here|in)"
    r"|[a-z_-]{1,60}[_-](goes[_-])?here$)"
)
_REFERENCE = regex(r"\barn:[^\s\"']+|\b[a-z0-9+]+://[^\s\"']+")
_MOST_CHARS = 200_000


def secret_kind(text: str, key: str = "") -> str | None:
    """Name the kind of secret that a string holds, or None.

    Args:
        text: a value or a whole script; only the first 200,000 characters are looked at.
        key: the name it is stored under, which distinguishes a password from a model name.
    """
    text = text[:_MOST_CHARS]
    for kind, form in KINDS:
        if form.search(text):
            return kind
    if _is_secret_value(key, text):
        return "aws-secret-key" if _is_aws_secret(key, text) else "generic"
    # Inside an ARN or URL, "secretsmanager:eu-west-1:..." is not an assignment.
    prose = _REFERENCE.sub(" ", text)
    for name, value in _ASSIGNMENT.findall(prose):
        if _is_secret_value(name, value):
            return "generic"
    return None


def entropy_bits(text: str) -> float:
    """Give Shannon's entropy per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def _is_secret_value(key: str, text: str) -> bool:
    if not _SECRET_NAME.search(key) or _NOT_SECRET_NAME.search(key):
        return False
    if not 8 <= len(text) <= 4096 or re.search(r"\s", text) or PLACEHOLDER.match(text):
        return False
    if re.search(r"(?i)pass(wd|word|phrase)|secret", key):
        return entropy_bits(text) >= 2.5
    return entropy_bits(text) >= 3.0 and bool(re.search(r"\d", text))


def _is_aws_secret(key: str, text: str) -> bool:
    is_named = "aws" in key.lower() or "access" in key.lower()
    return is_named and bool(re.fullmatch(r"[A-Za-z0-9/+]{40}", text))
