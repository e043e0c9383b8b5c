"""mlsec.yaml and MLSEC_* variables: what is read, what goes first, and how a mistake is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mlsec.cli.config.options import configurable
from mlsec.cli.config.schema import config_schema
from mlsec.cli.main import main
from mlsec.core.strict_yaml import parse

CODE = 'resource "aws_s3_bucket" "models" {}\n'
BOTH = """\
targets: [infra]
fail-on: critical
history: scans.db
role-arn: arn:aws:iam::111122223333:role/scan
environments:
  production:
    targets: [aws://111122223333/eu-west-1]
    fail-on: low
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with code in infra, outside of any repository."""
    for name in [name for name in os.environ if name.startswith("MLSEC_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "place"
    (folder / "infra").mkdir(parents=True)
    (folder / "infra" / "main.tf").write_text(CODE)
    monkeypatch.chdir(folder)
    return folder


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str, str]]:
    """Give each option's value and source, as --print-config prints them."""
    assert main(["scan", *words, "--print-config"]) == 0
    rows = {}
    for line in capsys.readouterr().out.splitlines():
        text, _, source = line.removeprefix("# ").partition("  # ")
        name, _, value = text.partition(": ")
        rows[name] = (value.strip(), source.strip())
    return rows


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["scan", *words]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    return errors[0].removeprefix("error: ")


def test_command_line_then_variable_then_environment_then_file_then_default(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "mlsec.yaml").write_text(BOTH)
    assert shown(capsys)["fail-on"] == ("critical", "mlsec.yaml:2:1")
    chosen = ("--environment", "production")
    assert shown(capsys, *chosen)["fail-on"] == ("low", "mlsec.yaml:8:5")
    monkeypatch.setenv("MLSEC_FAIL_ON", "MEDIUM")
    assert shown(capsys, *chosen)["fail-on"] == ("medium", "MLSEC_FAIL_ON")
    assert shown(capsys, *chosen, "--fail-on", "none")["fail-on"] == ("none", "command line")
    assert shown(capsys)["min-coverage"] == ("100", "default")


def test_what_is_printed_can_be_the_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mlsec.yaml").write_text(BOTH)
    assert main(["scan", "--print-config"]) == 0
    printed = capsys.readouterr().out
    assert parse(printed, "printed").value == {
        "targets": ["infra"], "fail-on": "critical", "history": "scans.db",
    }  # fmt: skip


def test_option_for_other_targets_is_left_out_and_that_is_shown(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text(BOTH)
    assert shown(capsys)["role-arn"] == (
        "[]",
        (
            'default; mlsec.yaml:4:1 is not used: does not apply to the target "infra" (a folder);'
            " it applies to: aws"
        ),
    )


def test_configured_option_yields_to_one_that_is_given_and_excludes_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text(BOTH)
    assert main(["scan", "infra", "--changed-since", "main", "--print-config"]) == 0
    assert "history of mlsec.yaml:3:1 is not used: --changed-since" in capsys.readouterr().err


def test_receiver_from_a_variable_is_not_shown_and_is_refused_without_a_history(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "mlsec.yaml").write_text('targets: [infra]\nnotify: ["json://h/${HOOK}"]\n')
    assert refused(capsys).startswith("mlsec.yaml:2:1: notify: the variable HOOK is not set")
    monkeypatch.setenv("HOOK", "k5")
    assert refused(capsys) == "mlsec.yaml:2:1: notify needs history as well"
    settings = shown(capsys, "--history", "h.db")
    assert settings["notify"] == ('["json://h/${HOOK}"]', "mlsec.yaml:2:1")
    monkeypatch.setenv("MLSEC_NOTIFY", "json://h/k6")
    assert shown(capsys, "--history", "h.db")["notify"] == ('"(not shown)"', "MLSEC_NOTIFY")


def test_two_configured_options_that_exclude_each_other_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text(BOTH + "changed-since: main\n")
    assert "cannot be used together with" in refused(capsys)


def test_scan_does_what_the_file_says_and_records_it_as_the_command_line(place: Path) -> None:
    waivers = "waivers: []\n"
    (place / "settings").mkdir()
    (place / "settings" / "waivers.yaml").write_text(waivers)
    (place / "settings" / "mlsec.yaml").write_text(
        "targets: [../infra]\nwaivers: waivers.yaml\noutput: ../out\nprofile: strict\n"
    )
    assert main(["scan", "--config", "settings/mlsec.yaml"]) in (0, 10)
    scan = json.loads((place / "out" / "assessment.json").read_text())["scan"]
    assert scan["command"] == (
        "mlsec scan settings/../infra --profile strict --waivers settings/waivers.yaml"
    )


def test_file_above_the_working_folder_is_read_up_to_the_root_of_the_repository(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = place / "repository" / "deep"
    deep.mkdir(parents=True)
    (place / "mlsec.yaml").write_text("fail-on: none\n")
    monkeypatch.chdir(deep)
    assert shown(capsys, "aws")["fail-on"] == ("high", "default")
    (place / "repository" / ".git").mkdir()
    assert shown(capsys, "aws")["fail-on"] == ("high", "default")
    (place / "repository" / "mlsec.yaml").write_text("fail-on: low\nparams: p.yaml\n")
    settings = shown(capsys, "aws")
    assert settings["fail-on"] == ("low", "../mlsec.yaml:1:1")
    assert settings["params"][0] == '"../p.yaml"'


@pytest.mark.parametrize("target", [".", "infra", "infra/main.tf", "link"])
def test_file_in_the_scanned_folder_or_its_repository_is_not_read_unless_named(
    target: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text("fail-on: none\nselect: [no/*]\n")
    (place / ".git").mkdir()
    (place / "link").symlink_to("infra")
    assert main(["scan", target, "--print-config"]) == 0
    written = capsys.readouterr()
    assert "mlsec.yaml" not in written.out
    assert "is not read; name it with --config mlsec.yaml" in written.err
    assert shown(capsys, target, "--config", "mlsec.yaml")["fail-on"][0] == "none"


def test_file_that_would_scan_its_own_folder_has_to_be_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text("targets: [.]\nfail-on: none\n")
    assert refused(capsys) == (
        "mlsec.yaml:1:1: is in the scanned folder or its repository and is not read unless it is"
        " named"
    )
    assert shown(capsys, "--config", "mlsec.yaml")["targets"] == ('["."]', "mlsec.yaml:1:1")


def test_link_to_a_file_in_the_scanned_folder_is_not_followed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "infra" / "theirs.yaml").write_text("fail-on: none\n")
    (place / "mlsec.yaml").symlink_to("infra/theirs.yaml")
    assert shown(capsys, "infra")["fail-on"] == ("high", "default")


def test_none_reads_no_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mlsec.yaml").write_text("nonsense: 1\n")
    assert shown(capsys, "aws", "--config", "none")["fail-on"] == ("high", "default")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targts: [x]", 'c.yaml:1:1: unknown key "targts"; did you mean "targets"?'),
        ("a: 1\n", 'c.yaml:1:1: unknown key "a"'),
        ("fail_on: high", 'c.yaml:1:1: unknown key "fail_on"; did you mean "fail-on"?'),
        ("--fail-on: high", 'c.yaml:1:1: unknown key "--fail-on"; did you mean "fail-on"?'),
        ("\nfail-on: hgih", ('c.yaml:2:1: fail-on: "hgih" is not one of critical, high, medium,'
         ' low, info, none; did you mean "high"?')),
        ("deadline: soon", 'c.yaml:1:1: deadline: "soon" is not a number greater than 0'),
        ("deadline: true", "c.yaml:1:1: deadline: true where a number or text was expected"),
        ("digests: 1", "c.yaml:1:1: digests: the number 1 where true or false was expected"),
        ("aws-profile: 12", "c.yaml:1:1: aws-profile: the number 12 where text was expected"),
        ("history:", "c.yaml:1:1: history: the value is missing"),
        ('history: ""', "c.yaml:1:1: history: the value is empty"),
        ("history: ${X}", "c.yaml:1:1: history: variables are put in for notify only"),
        ("format: [htlm]", 'c.yaml:1:1: unknown format "htlm"; did you mean "html"?'),
        ("- a", "c.yaml:1:1: a mapping was expected: lines such as fail-on: high"),
        ("environments: [a]", "c.yaml:1:1: a mapping was expected: lines such as fail-on: high"),
        ("environments: {p: {fial-on: low}}",
         'c.yaml:1:20: unknown key "fial-on"; did you mean "fail-on"?'),
        ("environments: {p: {environments: {}}}", 'c.yaml:1:20: unknown key "environments"'),
        ("fail-on: low\nfail-on: none", 'c.yaml:2:1: duplicate key "fail-on"'),
    ],
)  # fmt: skip
def test_mistake_in_the_file_is_one_sentence_with_file_and_line(
    text: str, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "c.yaml").write_text(text)
    assert refused(capsys, "aws", "--config", "c.yaml").startswith(message)


def test_unknown_environment_is_refused_with_a_suggestion(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text(BOTH)
    message = refused(capsys, "--environment", "prodution")
    assert message == 'mlsec.yaml: unknown environment "prodution"; did you mean "production"?'


def test_environment_has_to_be_chosen_where_only_environments_name_targets(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text("environments: {a: {targets: [aws]}, b: {targets: [gcp]}}\n")
    assert "no environment is chosen" in refused(capsys)
    assert shown(capsys, "--environment", "b")["targets"][0] == "[gcp]"


def test_variable_for_a_list_has_one_entry_a_line_and_a_switch_is_true_or_false(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "mlsec.yaml").write_text("digests: true\n")
    monkeypatch.setenv("MLSEC_TARGETS", "infra\n./with space\n")
    monkeypatch.setenv("MLSEC_DIGESTS", "false")
    monkeypatch.setenv("MLSEC_HISTORY", "")
    settings = shown(capsys)
    assert settings["targets"] == ('[infra, "./with space"]', "MLSEC_TARGETS")
    assert settings["digests"] == ("false", "MLSEC_DIGESTS")
    assert settings["history"] == ("null", "default")
    monkeypatch.setenv("MLSEC_DIGESTS", "perhaps")
    assert refused(capsys) == 'MLSEC_DIGESTS: "perhaps" is neither true nor false'


def test_misspelt_variable_is_noted(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLSEC_FAIL_ONN", "low")
    assert main(["scan", "infra", "--print-config"]) == 0
    assert 'MLSEC_FAIL_ONN is not known and not used; did you mean "MLSEC_FAIL_ON"?' in (
        capsys.readouterr().err
    )


def test_collect_takes_what_it_shares_with_scan(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "mlsec.yaml").write_text("targets: [infra]\ndigests: true\noutput: reports\n")
    assert main(["collect", "-o", "new.mlsnap", "--print-config"]) == 0
    printed = capsys.readouterr().out
    assert parse(printed, "printed").value == {"targets": ["infra"], "digests": True}
    assert main(["collect", "-o", "new.mlsnap"]) == 0


def test_published_schema_is_that_of_the_parser_and_agrees_with_the_reader(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    published = Path(__file__).resolve().parents[2] / "docs" / "config.schema.json"
    assert published.read_bytes() == config_schema(), "run make docs"
    schema = json.loads(config_schema())
    assert {*configurable()[1]} == {*schema["properties"]} - {"environments"}
    validator = jsonschema.Draft202012Validator(schema)
    for text in (
        BOTH,
        "max-rps: 2.5\nwith: checkov\nformat: [html, json]\noutput: out\norganisation: true\n",
    ):
        assert list(validator.iter_errors(parse(text, "x").value)) == []
        (place / "mlsec.yaml").write_text(text)
        assert main(["scan", "aws", "--print-config"]) == 0
    for text in ("fail-on: hgih", "targts: []", "in-flight: 0", "digests: 1", "history:",
                 "environments: {p: {x: 1}}"):  # fmt: skip
        assert list(validator.iter_errors(parse(text, "x").value)) != [], text
        (place / "mlsec.yaml").write_text(text)
        assert main(["scan", "aws", "--print-config"]) == 2
