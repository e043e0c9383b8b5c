"""Makes secrets of many kinds, each new and without use."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator

import msgspec

LETTERS = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
_URL = LETTERS + "-_"
B64 = LETTERS + "+/"


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """One secret: ``text`` is what is written, ``core`` what nobody may read of it.

    ``name`` is a name that people give it. ``has_form``: it is recognised without a name.
    """

    kind: str
    name: str
    text: str
    core: str
    has_form: bool = True

    @property
    def is_long(self) -> bool:
        """Whether it stands on several lines."""
        return "\n" in self.text


Make = Callable[[random.Random], tuple[str, str, str, bool]]


def some(r: random.Random, alphabet: str, count: int) -> str:
    return "".join(r.choice(alphabet) for _ in range(count))


def _token(name: str, before: str, alphabet: str, count: int, after: str = "") -> Make:
    def make(r: random.Random) -> tuple[str, str, str, bool]:
        core = some(r, alphabet, count)
        return name, before + core + after, core, True

    return make


def _named(name: str, alphabet: str, count: int) -> Make:
    def make(r: random.Random) -> tuple[str, str, str, bool]:
        core = (
            some(r, alphabet, count - 2)
            + r.choice("0123456789")
            + r.choice(string.ascii_lowercase[:6])
        )
        return name, core, core, False

    return make


def _word(name: str) -> Make:
    def make(r: random.Random) -> tuple[str, str, str, bool]:
        parts = [r.choice(("Winter", "grape", "Otter", "violin", "Tundra", "maple")) for _ in "12"]
        core = "".join(parts) + some(r, string.digits, 4)
        return name, core, core, False

    return make


def _pem(header: str) -> Make:
    def make(r: random.Random) -> tuple[str, str, str, bool]:
        lines = [some(r, B64, 64) for _ in range(4)]
        body = "\n".join([f"-----BEGIN {header}-----", *lines, f"-----END {header}-----"])
        return "SIGNER_PEM", body, lines[1], True

    return make


def _jwt(r: random.Random) -> tuple[str, str, str, bool]:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": some(r, HEX, 20)}).encode()).decode()
    core = some(r, _URL, 43)
    return "SESSION_JWT", f"eyJhbGciOiJIUzI1NiJ9.{claims.rstrip('=')}.{core}", core, True


def _url(scheme: str, name: str) -> Make:
    def make(r: random.Random) -> tuple[str, str, str, bool]:
        core = some(r, LETTERS, 14)
        return name, f"{scheme}://app:{core}@db.internal:5432/x", core, True

    return make


def _docker(r: random.Random) -> tuple[str, str, str, bool]:
    core = base64.b64encode(f"robot:{some(r, LETTERS, 18)}".encode()).decode()
    return "auth", core, core, True


def _service_account(r: random.Random) -> tuple[str, str, str, bool]:
    lines = [some(r, B64, 64) for _ in range(4)]
    key = "\n".join(["-----BEGIN PRIVATE " + "KEY-----", *lines, "-----END PRIVATE KEY-----\n"])
    account = {"type": "service_account", "private_key_id": some(r, HEX, 40), "private_key": key}
    return "GOOGLE_CREDENTIALS_JSON", json.dumps(account), lines[2], True


_MAKERS: dict[str, Make] = {
    "aws access key": _token("AWS_ACCESS_KEY_ID", "AKIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "aws secret key": _named("AWS_SECRET_ACCESS_KEY", B64, 40),
    "aws session token": _token("AWS_SESSION_TOKEN", "IQoJb3JpZ2lu", B64, 300),
    "aws bedrock key": _token("AWS_BEARER_TOKEN_BEDROCK", "ABSK", LETTERS, 110),
    "aws signed url": _token("MODEL_URL", "https://b.s3.amazonaws.com/m?X-Amz-Signature=", HEX, 64),
    "azure storage": _token(
        "STORAGE", "DefaultEndpointsProtocol=https;AccountName=ml;AccountKey=", B64, 86, "=="
    ),
    "azure sas": _token(
        "SAS_URL", "https://ml.blob.core.windows.net/m?sv=2024-11-04&sig=", LETTERS, 43, "%3D"
    ),
    "azure client secret": _token("AZURE_CLIENT_SECRET", "Ab18Q~", LETTERS, 34),
    "azure openai key": _named("AZURE_OPENAI_API_KEY", HEX, 32),
    "azure ai key": _token("SPEECH", "", LETTERS, 52, "JQQJ99BAACYeBjFXJ3w3AAABACOGabcd"),
    "google api key": _token("MAPS", "AIza", _URL, 35),
    "google service account": _service_account,
    "google oauth": _token("BQ", "ya29.", _URL, 60),
    "google client secret": _token("OAUTH", "GOCSPX-", _URL, 28),
    "github": _token("GH", "ghp_", LETTERS, 36),
    "github fine": _token("GH_FINE", "github_pat_", LETTERS, 82),
    "gitlab": _token("GL", "glpat-", _URL, 20),
    "npm": _token("NPM", "npm_", LETTERS, 36),
    "pypi": _token("PYPI", "pypi-AgEIcHlwaS5vcmc", _URL, 80),
    "hugging face": _token("HF", "hf_", LETTERS, 34),
    "openai": _token("OPENAI", "sk-proj-", LETTERS, 74),
    "anthropic": _token("CLAUDE", "sk-ant-api03-", _URL, 93, "AA"),
    "cohere": _named("COHERE_API_KEY", LETTERS, 40),
    "replicate": _token("REPLICATE", "r8_", LETTERS, 37),
    "wandb": _named("WANDB_API_KEY", HEX, 40),
    "comet": _named("COMET_API_KEY", LETTERS, 25),
    "neptune": _token("NEPTUNE", "eyJhcGlfYWRkcmVzcyI6", LETTERS, 90),
    "databricks": _token("DATABRICKS", "dapi", HEX, 32),
    "snowflake password": _word("SNOWFLAKE_PASSWORD"),
    "slack": _token("SLACK", "xoxb-123456789012-123456789012-", LETTERS, 24),
    "slack webhook": _token(
        "ALERTS", "https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/", LETTERS, 24
    ),
    "stripe": _token("STRIPE", "sk_live_", LETTERS, 24),
    "twilio": _named("TWILIO_AUTH_TOKEN", HEX, 32),
    "sendgrid": _token("MAIL", "SG.aBcDeFgHiJkLmNoPqRsTuV.", _URL, 43),
    "jwt": _jwt,
    "rsa key": _pem("RSA PRIVATE " + "KEY"),
    "ssh key": _pem("OPENSSH PRIVATE " + "KEY"),
    "database url": _url("postgresql", "DATABASE_URL"),
    "basic auth url": _url("https", "INDEX_URL"),
    "htpasswd": _token("HTPASSWD", "$2y$10$", LETTERS + "./", 53),
    "age key": _token("AGE", "AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "docker auth": _docker,
    "bearer header": _token("HEADERS", "Authorization: Bearer ", LETTERS, 40),
    "terraform cloud": _token("TFC", "aBcDeFgHiJkLmN.atlasv1.", _URL, 64),
    "vault": _token("VAULT", "hvs.", _URL, 95),
    "grafana": _token("GRAFANA", "glsa_", LETTERS, 32, "_0a1b2c3d"),
    "pagerduty": _named("PAGERDUTY_API_KEY", LETTERS, 20),
    "password": _word("Pw"),
    "abbreviated": _word("db_passwd"),
    "random under a plain name": _token("MODEL_SETTING", "", LETTERS, 48),
}
KINDS = tuple(_MAKERS)


def make_secret(kind: str, r: random.Random) -> Secret:
    """Make one secret of a kind."""
    name, text, core, has_form = _MAKERS[kind](r)
    return Secret(kind=kind, name=name, text=text, core=core, has_form=has_form)


def traces_of(secret: Secret) -> Iterator[str]:
    """Give every text whose presence gives the secret away: whole, in disguise, or in halves."""
    core = secret.core
    yield core
    yield core[::-1]
    half = len(core) // 2
    yield core[half:] + core[:half]
    if len(core) >= 16:
        yield core[:half]
        yield core[half:]
    for shift in range(3):
        # Base64 differs by where in a text it begins; what is left and right of it is cut off.
        packed = base64.b64encode(b"\0" * shift + core.encode()).decode()
        yield packed[4 if shift else 0 : len(packed) - 4]
    quoted = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in core)
    yield quoted
    yield quoted.lower() if "%" in quoted else quoted
