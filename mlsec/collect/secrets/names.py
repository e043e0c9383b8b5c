"""What a name says of the value that stands under it: surely a secret, perhaps one, or none."""

from __future__ import annotations

import enum
import functools

from mlsec.core.regex import regex

# Parts of names, as an alternative of a pattern: where none of them stands, no name is one.
STEMS = (
    "pass|pwd|psw|pw|secret|token|key|cred|auth|sas|sig|conn|dsn|bearer|cookie|session|salt|"
    "seed|otp|pin|webhook|license|licence|cert|sensitive|hash|code|login|contrase|kennwort|"
    "passwort|motdepasse|senha"
)
_WORD = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_PASSWORD = frozenset({
    "password", "passwd", "passphrase", "passcode", "pwd", "pw", "psw", "pswd", "pass",
    "passwort", "kennwort", "contrasena", "contraseña", "motdepasse", "senha",
})  # fmt: skip
_PASSWORD_ENDS = (
    "password", "passwd", "passphrase", "passwort", "kennwort", "pwd", "contraseña", "contrasena",
    "senha", "secretkey", "secretaccesskey",
)  # fmt: skip
_TOKEN = frozenset({
    "token", "credential", "credentials", "creds", "cred", "bearer", "otp", "totp", "sas",
    "authorization", "cookie", "dsn", "connstr", "authtoken", "accesstoken", "sig", "signature",
})  # fmt: skip
_TOKEN_ENDS = (
    "token",
    "apikey",
    "authkey",
    "accesskey",
    "accountkey",
    "storagekey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "privatekey",
    "connectionstring",
    "connstr",
)
# A key of these opens something; the keys of tables, caches and encryption services do not.
_OF_KEYS = frozenset({
    "api", "access", "private", "client", "auth", "signing", "encryption", "encrypt", "master",
    "account", "storage", "shared", "app", "application", "service", "license", "admin", "root",
    "hmac", "jwt", "fernet", "aes", "symmetric", "subscription", "cosmos", "search",
    "openai", "azure", "hf", "wandb", "cohere", "replicate", "comet", "datadog", "dd", "pagerduty",
    "integration", "routing", "ingest", "deploy", "webhook", "mistral", "groq", "pinecone",
    "langfuse", "weaviate", "qdrant", "webui", "salt", "cookie", "pre", "psk", "wireguard",
})  # fmt: skip
# Tokens that mark a place in a list or one try of a request, and those of a tokenizer.
_OF_NO_TOKENS = frozenset({
    "client", "lock", "sku", "next", "page", "continuation", "skip", "sync", "idempotency",
    "request", "pagination", "change", "update", "concurrency", "revision", "mask", "pad", "bos",
    "eos", "unk", "sep", "cls", "image", "stop", "special", "fill", "start", "end", "prefix",
})  # fmt: skip
_NO_TOKENS = frozenset({"skiptoken", "pagetoken", "nexttoken", "synctoken", "locktoken"})
# What such a name ends with when its value says something about a secret and is not one.
_ABOUT = frozenset({
    "arn", "arns", "url", "urls", "uri", "uris", "endpoint", "endpoints", "path", "paths", "file",
    "files", "filename", "name", "names", "namespace", "id", "ids", "count", "limit", "limits",
    "length", "type", "types", "tokenizer", "tokeniser", "enable", "enabled", "mode", "region",
    "tokens", "ref", "refs", "reference", "policy", "policies", "expiry", "expiration", "expires",
    "ttl", "days", "rotation", "version", "versions", "provider", "class", "store", "mount",
    "volume", "format", "algorithm", "alg", "size", "bits", "issuer", "audience", "scope",
    "scopes", "location", "usage", "status", "state", "required", "timeout", "duration", "seconds",
    "lifetime", "spec", "manager", "source", "method", "methods", "selector", "field", "header",
    "validation", "strategy", "kind", "max", "min", "resolution", "date", "time", "at", "rule",
    "rules", "description", "title", "label", "exists", "config", "configuration", "settings",
    "options", "backend", "host", "hostname", "port", "domain", "server", "servers", "email",
    "account", "user", "username", "project", "group", "role", "owner", "used", "changed", "schema",
    "action", "actions", "event", "events", "set", "kms", "public", "properties", "property",
    "directory", "dir", "folder", "index", "prefix", "image", "command", "annotation", "stdin",
    "template", "templates", "marker",
})  # fmt: skip
# Said of a name as a whole: "password_value" is a password.
_MORE = frozenset({
    "value", "val", "string", "str", "text", "plain", "plaintext", "raw", "b64", "base64", "base",
    "encoded", "old", "new", "current", "prev", "previous", "default", "primary", "secondary",
    "prod", "production", "dev", "test", "staging", "live", "data", "content", "v", "override",
    "param", "parameter", "env", "var", "in",
})  # fmt: skip
# In charts: imagePullSecret and existingSecret name an object of Kubernetes.
_NAMES_OF_OBJECTS = frozenset({("pull", "secret"), ("pull", "secrets"), ("existing", "secret")})
_PUBLISHED_IN_CLEAR = frozenset({
    "digest", "sha", "sha1", "sha256", "sha512", "checksum", "integrity", "etag", "fingerprint",
    "thumbprint", "certificate", "cert", "ca", "cabundle", "bundle", "id", "arn", "version", "hash",
    "image", "commit", "revision", "uid", "uuid", "name", "public", "pub", "etags", "path", "uri",
    "md5", "crc32c", "sum", "pubkey", "generation", "nonce", "selflink", "link", "next", "marker",
})  # fmt: skip


class Says(enum.IntEnum):
    """How much a name says: a value under it is judged the more strictly the less it does."""

    NOTHING = 0
    KEY = 1
    TOKEN = 2
    PASSWORD = 3


def words_of(name: str) -> tuple[str, ...]:
    """Give the words of a name in any way of writing it, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name[:200]))


@functools.lru_cache(maxsize=8192)
def name_says(name: str) -> Says:
    """Give what a name says of its value."""
    words = words_of(name)
    end = len(words)
    while end > 1 and (words[end - 1] in _MORE or words[end - 1].isdecimal()):
        end -= 1
    words = words[:end]
    if not words or words[-1] in _ABOUT or name[:4].lower() in ("max_", "min_"):
        return Says.NOTHING
    if words[-2:] in _NAMES_OF_OBJECTS:
        return Says.NOTHING
    last = words[-1]
    if last.endswith("token") and (
        (len(words) > 1 and words[-2] in _OF_NO_TOKENS) or last in _NO_TOKENS
    ):
        return Says.KEY
    if last in ("key", "keys"):
        return _key_says(words)
    for word in words:
        if word in _PASSWORD or word.endswith(_PASSWORD_ENDS):
            return Says.PASSWORD
    if "secret" in words or last.endswith("secret"):
        return Says.PASSWORD
    for word, after in zip(words, (*words[1:], ""), strict=True):
        is_token = word in _TOKEN or word.endswith(_TOKEN_ENDS)
        if is_token or (after == "key" and word in _OF_KEYS) or (word, after) in _PAIRS:
            return Says.TOKEN
    return Says.KEY if last in _PERHAPS else Says.NOTHING


_PAIRS = frozenset({
    ("connection", "string"), ("conn", "string"), ("conn", "str"), ("api", "keys"),
    ("connection", "str"), ("client", "assertion"), ("recovery", "code"), ("backup", "code"),
    ("auth", "header"),
})  # fmt: skip
_PERHAPS = frozenset(
    {"auth", "salt", "seed", "session", "code", "webhook", "license", "pin", "apikeys"}
)


def _key_says(words: tuple[str, ...]) -> Says:
    before = words[-2] if len(words) > 1 else ""
    if before.endswith("public") or before in (
        "partition",
        "sort",
        "hash",
        "range",
        "primary",
        "foreign",
    ):
        return Says.NOTHING
    if before == "secret" or (before == "access" and "secret" in words):
        return Says.PASSWORD
    if before in _PASSWORD or before.endswith(_PASSWORD_ENDS) or before in ("token", "secrets"):
        return Says.NOTHING  # the name of an entry in a store
    return Says.TOKEN if before in _OF_KEYS or "secret" in words else Says.KEY


@functools.lru_cache(maxsize=8192)
def is_published_value(name: str) -> bool:
    """Whether values under this name are random and nobody's secret: digests, ids, certificates."""
    words = words_of(name)
    return any(word in _PUBLISHED_IN_CLEAR for word in words)
