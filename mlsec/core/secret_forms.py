"""Secrets that are recognised by their own form, wherever they stand: tokens with a prefix, keys.

Facts taken over, neither code nor sentences: prefix, alphabet and length of each token as its
vendor publishes them, compared with the rules of gitleaks 8 (MIT) and the plugins of detect-secrets
1.5 (Apache-2.0). Neither is called: gitleaks is a program in Go; detect-secrets gives the line of
a secret and not its place in it, took 20 times as long as this package over 400 kB of YAML, and
reported a fifth of the honest lines that tests/attacks/honest_values.py makes.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from mlsec.core.placeholders import is_filled_in_later
from mlsec.core.regex import regex

_MAX_BYTES = 32 << 20
# What stands before a token: the beginning, or what cannot be a part of it.
_B = r"(?:^|[^A-Za-z0-9])"
_W = r"(?:^|[^A-Za-z0-9_-])"
_LINE = r"(?:\\{1,8}[nr]|[\r\n])+[ \t\"'+,#>|*/\\-]*"
_PEM_HEAD = r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_PEM_TAIL = r"-----END [A-Z0-9 ]{1,60}-----"
_PEM_NOTE = r"(?:Proc-Type|DEK-Info|Version|Comment|Charset): [^\r\n\\\"]{0,100}"
# No line of it holds a blank or a brace: code between two such lines is not taken for a key.
_PEM = (
    rf"{_PEM_HEAD}(?:(?:{_LINE}(?:{_PEM_NOTE}|[A-Za-z0-9+/=.-]{{0,100}}))*?{_LINE}{_PEM_TAIL}"
    rf"|(?:[ \t]*(?:{_LINE})?[A-Za-z0-9+/=]{{20,}})*(?:[ \t]*(?:{_LINE})?{_PEM_TAIL})?)"
)


class SecretForm(msgspec.Struct, frozen=True, kw_only=True):
    """One form; it is looked for only where one of ``literals`` stands in the text.

    ``pattern`` is RE2's; group 1 is the secret, where there is one.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: str


class SecretSpan(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Where a secret stands in a text, and which kind it is."""

    start: int
    end: int
    kind: str


def _form(kind: str, literals: str, pattern: str) -> SecretForm:
    return SecretForm(kind=kind, literals=tuple(literals.split()), pattern=pattern)


FORMS = (
    _form("private-key", "-----BEGIN", _PEM),
    _form("private-key", "Private-Lines:",
        r"Private-Lines: [0-9]+((?:\r?\n[ \t]*[A-Za-z0-9+/=]{10,})+)"),
    # What an RSA key without a passphrase begins with, bare of the lines around it.
    _form("private-key", "IBAAK IBADAN", _B +
        r"(MII[A-P][A-Za-z0-9+/][AQgw]IBA(?:AK|DAN)[A-Za-z0-9+/]{200,}={0,2})"),
    _form("age-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,60}"),
    _form("aws-access-key", "AKIA ASIA ABIA ACCA", _B +
        r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?:$|[^A-Z0-9])"),
    _form("aws-session-token", "IQoJb3JpZ2lu FwoGZXIvYXdz",
        r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9+/=%]{40,}"),
    _form("aws-bedrock-key", "ABSK bedrock-api-key-",
        r"\bABSK[A-Za-z0-9+/]{40,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=_-]{30,}"),
    _form("signed-url",
        "X-Amz-Signature X-Amz-Security-Token X-Goog-Signature x-amz-signature x-goog-signature",
          r"(?i)X-(?:Amz-Signature|Amz-Security-Token|Goog-Signature)=([A-Za-z0-9%/+=_-]{20,})"),
    _form("azure-sas", "sig= sig%3D sig%3d Sig=",
        r"(?i)\bsig(?:=|%3D)([A-Za-z0-9%/+_-]{20,}(?:%3D|=){0,2})"),
    _form("azure-storage-key", "AccountKey= ==",
        r"AccountKey=[A-Za-z0-9+/]{80,}={0,2}|(?:^|[^A-Za-z0-9+/-])([A-Za-z0-9+/]{86}==)"),
    _form("azure-client-secret", "Q~",
        r"(?:^|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"),
    _form("azure-key", "JQQJ99 +ASt +AMC +ABa AzSe AzCa ACDb AzFu AIoT",
          r"\b[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{24,30}|(?:^"
          r"|[^A-Za-z0-9+/-])([A-Za-z0-9+/]{30,80}(?:\+ASt|\+AMC|\+ABa|ACDb|AzFu|AIoT"
          r"|AzSe|AzCa)[A-Za-z0-9+/]{5,8}={0,2})(?:$|[^A-Za-z0-9+/=])"),
    _form("google-api-key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    _form("google-oauth-token", "ya29. 1//0",
        r"\bya29\.[A-Za-z0-9_.-]{20,}|(?:^|[^A-Za-z0-9/:])(1//0[A-Za-z0-9_-]{40,})"),
    _form("google-oauth-secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    _form("github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", _B +
        r"(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    _form("gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glsoat- glft- glimt- glagent- gloas- glffct-",
          _W + r"(gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas|ffct)-[A-Za-z0-9_.-]{20,})"),
    _form("huggingface-token", "hf_ api_org_", _B + r"((?:hf|api_org)_[A-Za-z0-9]{30,})"),
    _form("anthropic-key", "sk-ant-", _W + r"(sk-ant-[A-Za-z0-9_-]{20,})"),
    _form("openai-key", "sk- sess-", _W +
        r"(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}|sess-[A-Za-z0-9]{40})"),
    _form("groq-key", "gsk_", _B + r"(gsk_[A-Za-z0-9]{40,})"),
    _form("replicate-token", "r8_", _B + r"(r8_[A-Za-z0-9]{30,})"),
    _form("nvidia-key", "nvapi-", _W + r"(nvapi-[A-Za-z0-9_-]{40,})"),
    _form("perplexity-key", "pplx-", _W + r"(pplx-[A-Za-z0-9]{40,})"),
    _form("xai-key", "xai-", _W + r"(xai-[A-Za-z0-9]{60,})"),
    _form("fireworks-key", "fw_", _B + r"(fw_[A-Za-z0-9]{20,})(?:$|[^A-Za-z0-9_])"),
    _form("together-key", "tgp_v1_", _B + r"(tgp_v1_[A-Za-z0-9_-]{30,})"),
    _form("langsmith-key", "lsv2_", _B + r"(lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10})"),
    _form("pinecone-key", "pcsk_", _B + r"(pcsk_[A-Za-z0-9_]{40,})"),
    _form("neptune-token", "eyJhcGlfYWRkcmVzcyI6", r"eyJhcGlfYWRkcmVzcyI6[A-Za-z0-9+/=_-]{20,}"),
    _form("wandb-key", "wandb WANDB Wandb",
        r"(?i)wandb[_a-z]{0,40}[\"']?\s{0,4}[=:]\s{0,4}[\"']?([0-9a-f]{40})\b|\b(?:wandb_v1_"
        r"|local-)[A-Za-z0-9_]{40,}"),
    _form("databricks-token", "dapi dose dkea", _B +
        r"((?:dapi|dose|dkea)[0-9a-f]{32}(?:-[0-9])?)(?:$|[^A-Za-z0-9])"),
    _form("slack-token", "xox xapp-", _W +
        r"(xox[abeoprs](?:\.xox[bp])?-[0-9][A-Za-z0-9-]{9,}|xapp-[0-9]-[A-Za-z0-9-]{20,})"),
    _form("slack-webhook", "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/T?[A-Za-z0-9_]+/[A-Za-z0-9_]+/[A-"
        r"Za-z0-9_/]+"),
    _form("discord-webhook", "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{10,}/[A-Za-z0-9_-]{30,}"),
    _form("teams-webhook", "webhook.office.com",
        r"[a-z0-9-]+\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{60,}"),
    _form("telegram-token", ":AA", _B + r"([0-9]{8,10}:AA[A-Za-z0-9_-]{33})(?:$|[^A-Za-z0-9_-])"),
    _form("stripe-key", "sk_ rk_ whsec_", _B +
        r"([sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{24,}={0,2})"),
    _form("twilio-key", "SK", _B + r"(SK[0-9a-f]{32})(?:$|[^A-Za-z0-9])"),
    _form("sendgrid-key", "SG.", _B + r"(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})"),
    _form("mailgun-key", "key-", _W + r"(key-[0-9a-f]{32})(?:$|[^A-Za-z0-9-])"),
    _form("mailchimp-key", "-us", _B + r"([0-9a-f]{32}-us[0-9]{1,2})(?:$|[^A-Za-z0-9])"),
    _form("npm-token", "npm_", _B + r"(npm_[A-Za-z0-9]{36})"),
    _form("pypi-token", "pypi-", _W + r"(pypi-[A-Za-z0-9_-]{50,})"),
    _form("rubygems-key", "rubygems_", _B + r"(rubygems_[0-9a-f]{48})"),
    _form("docker-token", "dckr_pat_ dckr_oat_", _B + r"(dckr_[po]at_[A-Za-z0-9_-]{20,})"),
    _form("artifactory-key", "AKCp cmVmd", r"\b(?:AKCp[A-Za-z0-9]{60,80}|cmVmd[A-Za-z0-9]{59})\b"),
    _form("terraform-token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{50,80}"),
    _form("vault-token", "hvs. hvb. hvr.", _B + r"(hv[sbr]\.[A-Za-z0-9_-]{20,})"),
    _form("grafana-token", "glsa_ glc_ eyJrIjoi", _B +
        r"(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{30,}={0,3}"
        r"|eyJrIjoi[A-Za-z0-9]{30,}={0,3})"),
    _form("pagerduty-token", "pdus+ pdeu+", r"\bpd(?:us|eu)\+[A-Za-z0-9_+-]{16,}"),
    _form("newrelic-key", "NRAK- NRII- NRJS-", _W + r"(NR(?:AK|II|JS)-[A-Za-z0-9-]{19,})"),
    _form("sentry-token", "sntrys_ sntryu_", _B + r"(sntry[su]_[A-Za-z0-9+/=_-]{40,})"),
    _form("digitalocean-token", "_v1_", _B + r"(do[opr]_v1_[0-9a-f]{64})"),
    _form("heroku-key", "HRKU-", _W + r"(HRKU-[A-Za-z0-9_-]{30,})"),
    _form("notion-token", "ntn_", _B + r"(ntn_[A-Za-z0-9]{40,})"),
    _form("linear-key", "lin_api_", _B + r"(lin_api_[A-Za-z0-9]{32,})"),
    _form("postman-key", "PMAK-", _W + r"(PMAK-[0-9a-f]{24}-[0-9a-f]{34})"),
    _form("shopify-token", "shpat_ shpca_ shppa_ shpss_", _B +
        r"(shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32})"),
    _form("square-token", "sq0", _B + r"(sq0[a-z]{3}-[A-Za-z0-9_-]{22,})"),
    _form("pulumi-token", "pul-", _W + r"(pul-[0-9a-f]{40})(?:$|[^A-Za-z0-9])"),
    _form("doppler-token", "dp.", _W + r"(dp\.(?:pt|st|ct|sa|scim)\.[A-Za-z0-9_.-]{30,})"),
    _form("onepassword-token", "ops_eyJ A3-", _B +
        r"(ops_eyJ[A-Za-z0-9+/]{100,}={0,3}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}"
        r"|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3})"),
    _form("planetscale-token", "pscale_", _B + r"(pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,})"),
    _form("supabase-key", "sbp_ sb_secret_", _B +
        r"(sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})"),
    _form("openshift-token", "sha256~", r"\bsha256~[A-Za-z0-9_-]{43}"),
    _form("jwt", "eyJ", _B +
        r"(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8"
        r",}(?:\.[A-Za-z0-9_-]{0,}){3}\.[A-Za-z0-9_-]{8,})"),
    _form("password-hash",
        "$apr1$ $1$ $5$ $6$ $2a$ $2b$ $2x$ $2y$ $y$ $argon2 $7$ $scrypt $pbkdf2 {SHA} {SSHA}",
          r"(\$(?:apr1|1|5|6|2[abxy]|y|7|argon2id?|scrypt"
          r"|pbkdf2[a-z0-9-]*)\$[A-Za-z0-9./$=,+-]{20,}|\{S?SHA\}[A-Za-z0-9+/]{20,}={0"
          r",2})"),
    _form("authorization", "earer asic EARER ASIC",
        r"(?i)\b(?:bearer|basic)(?:[ \t]|%20|\+)+([A-Za-z0-9._~+/=-]{12,})"),
    _form("password-in-url", "://",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"\\?#]{0,100}:[^\s@/'\"{}$<\\]{3,200}@"
        r"|\b[a-z][a-z0-9+.-]{1,20}://[A-Za-z0-9_~+=-]{20,}(?::x-oauth-basic)?@"),
)  # fmt: skip
# The words for a user and a password in place of both: https://user:pass@proxy
_STAND_INS = regex(
    r"(?i)://(?:user|username|login|name)?:(?:pass|password|passwd|pwd|passphrase|secret|token)@\Z"
)
# The address that events are sent to from the pages of a website: its key is public by design.
_DSN = regex(r"https?://[0-9a-f]{32}@[\w.-]{1,200}/[0-9]{1,20}(?![\w/])")
_SURROGATE = regex("[\ud800-\udfff]")
# After "bearer" and "basic" prose goes on with a word; a token has a digit or a change of case.
# A key that is only hinted at: its head and three dots.
_ELIDED = regex(r"-----BEGIN [A-Z0-9 ]{1,70}-----(?:\\{1,8}[nr]|\s){0,4}\.{3}")
# No key that OpenAI issues is without a digit and a capital letter.
_PLAIN_WORDS = regex(r"sk(?:-[a-z]{1,30})+")
_WORDS = regex(r"[A-Za-z]?[a-z]*(?:[-/._][A-Za-z]?[a-z]*)*[.=]*|[A-Z_]+")


def find_forms(text: str) -> list[SecretSpan]:
    """Give the places of all secrets of a known form, in order and apart from each other."""
    body = matchable(text)
    literals, owners = _literals()
    hits = literals.Match(body)
    if not hits:
        return []
    spans: list[SecretSpan] = []
    for index in sorted({owners[hit] for hit in hits}):
        form = FORMS[index]
        for match in _compiled(index).finditer(body):
            group = 1 if match.re.groups and match.start(1) >= 0 else 0
            start, end = match.span(group)
            value = text[start:end]
            if form.kind == "authorization" and _WORDS.fullmatch(value):
                continue
            if form.kind == "private-key" and _ELIDED.match(text, start):
                continue
            if form.kind == "openai-key" and _PLAIN_WORDS.fullmatch(value):
                continue
            if form.kind == "password-in-url":
                if _STAND_INS.search(value) or _DSN.match(text, start):
                    continue
                value = value.rpartition(":")[2].removesuffix("@")
            if form.kind != "private-key" and is_filled_in_later(value):
                continue
            spans.append(SecretSpan(start=start, end=end, kind=form.kind))
    return merged(spans)


def merged(spans: list[SecretSpan]) -> list[SecretSpan]:
    """Give spans in order; those that overlap become one, of the kind that says more."""
    result: list[SecretSpan] = []
    for span in sorted(spans):
        if result and span.start < result[-1].end:
            last = result[-1]
            kind = span.kind if last.kind in VAGUE and span.kind not in VAGUE else last.kind
            result[-1] = SecretSpan(start=last.start, end=max(last.end, span.end), kind=kind)
        else:
            result.append(span)
    return result


# Kinds that say less than the name of a product.
VAGUE = frozenset({"generic", "high-entropy", "encoded"})


def without_forms(text: str) -> str:
    """Give a text for people with every secret of a known form replaced by its kind."""
    parts, at = [], 0
    for span in find_forms(text):
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join([*parts, text[at:]])


def matchable(text: str) -> str:
    """Give a text of the same length that RE2 can read: without lone surrogates."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def linear(pattern: str) -> Any:
    """Compile one of our own patterns for RE2: its time grows with the text alone."""
    import re2  # noqa: PLC0415 - only where something is looked at for secrets

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_BYTES
    return re2.compile(pattern, options)


@functools.cache
def _compiled(index: int) -> Any:
    return linear(FORMS[index].pattern)


@functools.cache
def _literals() -> tuple[Any, list[int]]:
    """Give one automaton for all literals, and the form that each belongs to."""
    import re2  # noqa: PLC0415 - only where something is looked at for secrets

    result, owners = re2.Set.SearchSet(), []
    for index, form in enumerate(FORMS):
        for literal in form.literals:
            result.Add(re2.escape(literal))
            owners.append(index)
    result.Compile()
    return result, owners
