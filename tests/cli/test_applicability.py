"""An option that does nothing for what it is used with is refused, not ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.cli.applicability import APPLIES, LIVE, TARGETS, limits_of
from mlsec.cli.collect_options import check_targets
from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, walk
from mlsec.cli.target import kind_of
from mlsec.core.errors import MlsecError
from tests.loops import for_each

PARSERS = {parser.prog: parser for parser in walk(build_parser())}
EXAMPLES = {
    "aws": "aws://111122223333/eu-west-1", "azure": "azure", "gcp": "gcp",
    "kubernetes": "kubernetes", "s3": "s3://models/chat", "gs": "gs://models", "az": "az://a/b",
    "https": "https://192.0.2.1", "folder": "code", "file": "model.gguf", "snapshot": "x.mlsnap",
}  # fmt: skip
VALUES = {
    "--aws-profile": "p", "--role-arn": "arn:aws:iam::111122223333:role/scan", "--external-id": "e",
    "--in-flight": "2", "--max-rps": "2", "--tries": "2", "--deadline": "2", "--trust": "t.yaml",
    "--with": "checkov", "--checkov": "/bin/true", "--checkov-json": "x.json",
    "--sarif-inventory": "x.txt", "--format": "sarif", "--severity": "high", "--concern": "data",
    "--provider": "aws", "--exclude": "tests", "--changed-since": "HEAD", "--output": "out",
    "--unfold": "all",
}  # fmt: skip
COMMANDS = ("mlsec scan", "mlsec collect")
TARGET_ROWS = [
    (command, option, kind)
    for command in COMMANDS
    for option, row in APPLIES[command].items()
    for kind in TARGETS
    if row.of == "target" and row.to and (command, kind) != ("mlsec collect", "snapshot")
]

REFUSALS = """
scan x.mlsnap --trust trust.yaml
  mlsec scan: --trust does not apply to the target "x.mlsnap" (a snapshot); it applies to: s3, gs,
  az, folder

scan model.gguf code --aws-profile p
  mlsec scan: --aws-profile does not apply to the targets "model.gguf" (a file), "code" (a folder);
  it applies to: aws, s3

scan aws --external-id e
  mlsec scan: --external-id needs --role-arn or --organisation as well

scan code --checkov x
  mlsec scan: --checkov needs --with as well

scan code --resume
  mlsec scan: --resume needs --output as well

scan code --with checkov --checkov-json x.json
  mlsec scan: --with cannot be used together with --checkov-json

scan code --history h --changed-since HEAD
  mlsec scan: --history cannot be used together with --changed-since

scan code --sarif-inventory x.txt
  mlsec scan: --sarif-inventory does not apply to the format text; it applies to: sarif, sarif-full,
  gitlab, gitlab-sast

report code -f html --sarif-inventory x.txt
  mlsec report: --sarif-inventory does not apply to the format html; it applies to: sarif,
  sarif-full, gitlab, gitlab-sast

report out --key x.pub
  mlsec report: unknown option "--key"

report verify out -f html
  mlsec report verify: unknown option "-f"

scan gcp://one-project --organisation
  mlsec scan: --organisation does not apply to gcp://one-project, which names its projects

scan gcp --organisation scan-role
  mlsec scan: --organisation: "scan-role" is not an organisation or folder of Google Cloud

doctor --organisation
  mlsec doctor: --organisation needs --policy as well

doctor --policy kubernetes --organisation
  mlsec doctor: --organisation does not apply to the policy kubernetes; it applies to: aws, azure,
  gcp

doctor --policy aws --configmaps
  mlsec doctor: --configmaps does not apply to the policy aws; it applies to: kubernetes

sign model.gguf --key k.pem --ignore x
  mlsec sign: --ignore does not apply to the model "model.gguf" (a file); it applies to: folder

sign code --key k.pem --chain c.pem
  mlsec sign: --chain needs --certificate as well

rules vocabulary --rules own
  mlsec rules vocabulary: unknown option "--rules"

scan aws --offline
  mlsec scan: --offline does not apply to the target aws; it applies to: folder, file, snapshot

scan code aws --offline
  --offline allows no network access, and aws needs it
"""


@pytest.fixture(autouse=True)
def _targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("code").mkdir()
    Path("model.gguf").write_bytes(b"GGUF")
    Path("x.mlsnap").write_bytes(b"SQLite format 3\x00")


def words_for(command: str, option: str, *targets: str) -> list[str]:
    """A command line with an option and all that it needs."""
    row = APPLIES[command][option]
    needed = [*row.needs[:1], *(["--output"] if command == "mlsec collect" else [])]
    names = [option, *(name for name in needed if name != option)]
    given = [f"{name}={VALUES[name]}" if name in VALUES else name for name in names]
    return [*command.split()[1:], *targets, *given]


@pytest.mark.parametrize("command", APPLIES)
def test_every_option_has_a_row_and_every_row_an_option(command: str) -> None:
    options = {
        name
        for action in PARSERS[command]._actions
        for name in action.option_strings
        if name.startswith("--") and name not in ("--help", "--help-all")
    }
    assert options == {*APPLIES[command]}


@pytest.mark.parametrize("command", APPLIES)
def test_the_help_says_what_an_option_applies_to(command: str) -> None:
    for action in PARSERS[command]._actions:
        for name in action.option_strings:
            row = APPLIES[command].get(name)
            if row is not None and limits_of(row):
                assert (action.help or "").endswith(f"[{limits_of(row)}]")


def test_the_examples_are_of_the_kinds_that_they_stand_for() -> None:
    assert {kind: kind_of(target) for kind, target in EXAMPLES.items()} == {
        kind: kind for kind in TARGETS
    }


@for_each(("command", "option", "kind"), TARGET_ROWS)
def test_option_is_refused_for_the_targets_that_cannot_use_it_and_for_no_other(
    command: str, option: str, kind: str
) -> None:
    args = build_parser().parse_args(words_for(command, option, EXAMPLES[kind]))
    row = APPLIES[command][option]
    if kind in row.to:
        check_targets(command, args)
        return
    with pytest.raises(MlsecError) as refused:
        check_targets(command, args)
    assert option in refused.value.message
    assert EXAMPLES[kind] in refused.value.message
    assert ", ".join(row.to) in refused.value.message
    assert refused.value.location == command


@pytest.mark.parametrize("option", ["--aws-profile", "--trust", "--configmaps"])
def test_with_several_targets_it_is_enough_that_one_can_use_an_option(option: str) -> None:
    kinds = APPLIES["mlsec scan"][option].to
    others = [EXAMPLES[kind] for kind in TARGETS if kind not in (*kinds, "snapshot")]
    words = words_for("mlsec scan", option, *others)
    with pytest.raises(MlsecError, match="does not apply to the targets"):
        check_targets("mlsec scan", build_parser().parse_args(words))
    words = words_for("mlsec scan", option, *others, EXAMPLES[kinds[0]])
    check_targets("mlsec scan", build_parser().parse_args(words))


@pytest.mark.parametrize("refusal", REFUSALS.strip().split("\n\n"))
def test_refusal_names_the_option_what_it_was_used_with_and_what_it_applies_to(
    refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line, _, message = refusal.partition("\n")
    assert main(line.split()) == 2
    written = capsys.readouterr()
    assert written.out == ""
    said, *more = written.err.splitlines()
    assert more == []
    assert said.rpartition("; ")[0] == f"error: {' '.join(message.split())}"


@pytest.mark.parametrize("provider", LIVE)
def test_a_policy_with_the_wider_rights_holds_more(
    provider: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--policy", provider]) == 0
    usual = capsys.readouterr().out
    option = "--configmaps" if provider == "kubernetes" else "--organisation"
    assert main(["doctor", "--policy", provider, option]) == 0
    assert len(capsys.readouterr().out) > len(usual)
