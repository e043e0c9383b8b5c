"""Somebody who may write a role policy, a waiver, a trust policy or code gives it a pattern that
a backtracking engine never gets to the end of: judging stays busy for ever, and the scan reports
nothing. Thirteen stars in one IAM policy were enough.

Each matcher of foreign patterns is run in a child process that is ended after a fixed time, on an
input a hundred times too large for anything quadratic in steps of Python.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core import wildcard
from mlsec.providers.aws.policy.patterns import ANY
from mlsec.providers.aws.policy.patterns import matches as policy_matches
from mlsec.signing.trust.policy import glob_regex

ROOT = Path(__file__).parents[2]
SECONDS = 60
STARS = "*a" * 13 + "*!"

# Each is a pattern and a text; {n} is filled in the child, so that the argument stays short.
MATCHERS = {
    "iam policy": (
        "from mlsec.providers.aws.policy.patterns import matches",
        "matches(pattern, text)",
    ),
    "wildcards": ("from mlsec.core.wildcard import matches", "matches(pattern, text)"),
    "stars alone": (
        "from mlsec.core.wildcard import matches_stars",
        "matches_stars(pattern, text)",
    ),
    "policy condition": (
        "from mlsec.providers.aws.policy.operators import one_holds",
        "one_holds('stringlike', (pattern,), text)",
    ),
    "azure role": (
        "from mlsec.providers.azure.facts.rights import _covers as covers",
        "covers((pattern,), text)",
    ),
    "azure rights of the scan": (
        "from mlsec.providers.azure.client.resource_graph_rows import _matches as matches",
        "matches([pattern], text)",
    ),
    "gcp deny policy": (
        "from mlsec.providers.gcp.facts.identities import _covers as covers",
        "covers([pattern], text).truth.name == 'TRUE'",
    ),
    "registry scanning": (
        "from mlsec.providers.aws.facts.image_repositories import _names as names",
        "names({'frequency': 'SCAN_ON_PUSH', 'filters': [pattern]}, text)",
    ),
    "search policy": (
        "from mlsec.providers.aws.facts.search_policies import _covers as covers",
        "covers('collection/' + pattern, text)",
    ),
    "waiver": ("from mlsec.engine.waivers.waivers import matches", "matches(pattern, text)"),
    "trust policy": (
        "from mlsec.signing.trust.policy import glob_regex",
        "bool(glob_regex(pattern.replace('*', '**')).fullmatch(text))",
    ),
    "signer": (
        (
            "from mlsec.signing.trust.identity_rule import IdentityRule\n"
            "from mlsec.signing.verdicts.verdict import Identity, IdentityType"
        ),
        (
            "IdentityRule(pattern=pattern.replace('*', '.*')).find("
            "(Identity(type=IdentityType.URI, value=text[-1000:]),)) is not None"
        ),
    ),
    "terraform": (
        "from mlsec.iac.terraform.functions.patterns import first_match",
        "first_match(pattern.replace('*', '.*'), text[-100_000:]) is not None",
    ),
}


def run(code: str) -> str:
    """Run Python in a process of its own; what it prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=SECONDS, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", MATCHERS)
def test_a_pattern_of_many_stars_is_matched_in_linear_time(name: str) -> None:
    imports, call = MATCHERS[name]
    setup = f"{imports}\npattern = {STARS!r}\n"
    # The control in the same process: it still matches what it should.
    code = (
        f"{setup}text = 'a' * 1_000_000\nprint({call})\ntext = 'a' * 1_000_000 + '!'\nprint({call})"
    )
    assert run(code).split() == ["False", "True"]


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 100_000 + "*b", "a?" * 4000 + "*b", "?*" * 8000 + "b",
     "${aws:username}*" * 50_000 + "b", "*" * 1_000_000 + "b", "*" + "a" * 500_000 + "b*",
     "?" * 2_000_000],
    ids=["stars", "question marks", "both", "variables", "stars alone", "a long text", "long"],
)  # fmt: skip
def test_no_form_of_a_policy_pattern_keeps_judging_busy(pattern: str) -> None:
    code = (
        "import sys\nfrom mlsec.providers.aws.policy.patterns import matches\n"
        "print(matches(sys.stdin.read(), 'a' * 1_000_000))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", code],
        input=pattern, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.strip() == "False", done.stderr


def test_a_role_policy_of_thirteen_stars_does_not_end_the_scan(tmp_path: Path) -> None:
    """The whole way: the policy is judged, and so is what stands beside it."""
    action = "s3:" + "*a" * 13 + "*!"
    name = "arn:aws:s3:::" + "*a" * 13 + "*!"
    policy = {"Statement": [{"Effect": "Allow", "Action": [action, "*"], "Resource": [name, "*"]}]}
    (tmp_path / "main.tf").write_text(
        f"""
resource "aws_iam_role" "r" {{
  name = "endpoint"
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = {{ Service = "sagemaker.amazonaws.com" }} }}] }})
  inline_policy {{
    name = "all"
    policy = jsonencode({json.dumps(policy)})
  }}
}}
resource "aws_s3_bucket" "b" {{ bucket = "{"a" * 60}" }}
resource "aws_sagemaker_notebook_instance" "n" {{
  name = "n"
  role_arn = aws_iam_role.r.arn
  instance_type = "ml.t3.medium"
  direct_internet_access = "Enabled"
}}
"""
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "mlsec", "scan", str(tmp_path), "-f", "json"],
        capture_output=True, text=True, timeout=SECONDS * 2, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 10, done.stderr
    failed = {
        item["rule"] for item in json.loads(done.stdout)["findings"] if item["status"] == "fail"
    }
    assert "sagemaker/notebook-direct-internet" in failed


LETTERS = st.text(alphabet="ab*?.\n[]-\x00/", max_size=12)


def by_backtracking(pattern: str, text: str, signs: dict[str, str]) -> bool:
    """Match as it was done before: each sign as its regular expression."""
    whole = "".join(signs.get(character) or re.escape(character) for character in pattern)
    return re.compile(whole, re.DOTALL).fullmatch(text) is not None


@given(pattern=LETTERS, text=LETTERS)
def test_wildcards_mean_what_they_meant(pattern: str, text: str) -> None:
    assert wildcard.matches(pattern, text) is by_backtracking(pattern, text, {"*": ".*", "?": "."})
    assert wildcard.matches_stars(pattern, text) is by_backtracking(pattern, text, {"*": ".*"})


PIECES = st.lists(
    st.sampled_from(["a", "b", "*", "?", "${aws:username}", "${*}", "${?}", "${$}", "$", "{", ANY]),
    max_size=8,
)
MEANT = {
    "*": ".*", "?": ".", "${aws:username}": "[^\x00]*", "${*}": r"\*", "${?}": r"\?", "${$}": r"\$",
}  # fmt: skip


@given(pieces=PIECES, text=st.text(alphabet="ab*?$" + ANY, max_size=10))
def test_policy_variables_mean_what_they_meant(pieces: list[str], text: str) -> None:
    if "${" in "".join("." if piece in MEANT else piece for piece in pieces):
        return  # two pieces that make a variable
    whole = "".join(MEANT.get(piece) or re.escape(piece) for piece in pieces)
    expected = re.compile(whole, re.DOTALL).fullmatch(text) is not None
    assert policy_matches("".join(pieces), text) is expected


PATHS = st.text(alphabet="ab*?/.\n", max_size=10)
GLOBS = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@given(pattern=PATHS, text=st.text(alphabet="ab/.\n\udcffü", max_size=10))
def test_globs_of_trust_policies_mean_what_they_meant(pattern: str, text: str) -> None:
    pieces = re.split(r"(\*\*/|/\*\*\Z|\*\*|\*|\?)", pattern)
    whole = "".join(GLOBS.get(piece) or re.escape(piece) for piece in pieces)
    expected = re.compile(f"(?s:{whole})").fullmatch(text) is not None
    name = text.encode("utf-8", "surrogatepass")
    assert (glob_regex(pattern).fullmatch(name) is not None) is expected


# What is put together where it is used: of our own texts, or of a foreign text that is escaped.
OURS = {
    "artifacts/settings/yaml_nodes.py", "collect/secrets/values.py", "history/stored_text.py",
    "iac/azure_ml/kinds.py", "iac/terraform/functions/yaml_text.py", "servers/products/table.py",
    "artifacts/content/json_text.py", "artifacts/formats/tensorflow/keras/names.py",
    "artifacts/pickle/files/lightning.py", "artifacts/pickle/files/salvage.py",
    "artifacts/pickle/policy/judged_texts.py", "artifacts/pickle/policy/patches.py",
    "artifacts/pickle/vm/number_skip.py", "artifacts/pickle/vm/plain_patterns.py",
    "artifacts/python/names.py", "artifacts/templates/judge.py",
    "collect/images/model_servers.py", "collect/secrets/masking.py", "collect/secrets/named.py",
    "collect/secrets/script_signs.py", "core/regex.py", "iac/terraform/syntax/templates.py",
    "graph/token_issuers.py", "providers/kubernetes/workloads/products.py",
    "render/command.py", "render/display.py",
    "repository/branch_downloads.py",
    "repository/comment_waivers.py", "servers/compose/proxies.py", "servers/compose/service.py",
    "servers/config/config_files.py", "servers/config/config_kinds.py",
    "servers/probe/products/recognise.py", "servers/products/product.py",
    "servers/shell/expand.py", "providers/aws/replay/asked.py",
}  # fmt: skip
ESCAPED = {
    "collect/secrets/find.py",
    "iac/arm/functions.py", "providers/gcp/client/asset_inventory.py",
    "providers/kubernetes/facts/cloud_roles.py", "servers/external_env.py",
}  # fmt: skip
# Compiled to see whether Python would read it in another way; RE2 matches it.
COMPILED_ONLY = {"signing/trust/identity_rule.py"}
# Globs that stand on the command line of whoever runs the scan, against names of rules.
COMMAND_LINE = {
    "cli/rule_pages.py",
    "cli/rule_selection.py",
    "cli/rules.py",
    "cli/technique_pages.py",
    "engine/rules/selection.py",
}
MADE = re.compile(
    r"re\.(compile|match|search|fullmatch|subn?|split|findall|finditer)|regex|fnmatch.*"
)


def patterns_put_together() -> Iterator[str]:
    """Name the files in which a pattern for Python's engine is not written out."""
    for path in sorted((ROOT / "mlsec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not MADE.fullmatch(ast.unparse(node.func)):
                continue
            if node.args and not isinstance(node.args[0], ast.Constant):
                yield path.relative_to(ROOT / "mlsec").as_posix()


def test_no_other_place_gives_a_pattern_to_a_backtracking_engine() -> None:
    found = set(patterns_put_together())
    assert found == OURS | ESCAPED | COMPILED_ONLY | COMMAND_LINE
