"""What a shell's text sets is followed as far as it is certain, and no farther; nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.collect.located.located import UnknownValue
from mlsec.servers.shell.shell import Shell
from tests.servers.config.declared import seen


def bound(scratch: Path, text: str, **more: str) -> object:
    """Give where the only server of a script listens, None where that is not known."""
    files = {name.replace("__", "/").replace("_", "."): held for name, held in more.items()}
    return seen(scratch, {"run.sh": text, **files}).only.properties.get("bind")


ANY = "0.0.0.0"  # noqa: S104 - text
SERVE = "llama-server --host $HOST\n"
LOOP = """HOST=127.0.0.1
while [[ $# -gt 0 ]]; do
  case $1 in
    --host) HOST=$2; shift 2 ;;
    *) shift ;;
  esac
done
"""
FOLLOWED = {
    "default that nothing else sets": (f"HOST=${{HOST:-127.0.0.1}}\n{SERVE}", "127.0.0.1"),
    "array": ('args=(--host 0.0.0.0)\nllama-server "${args[@]}"\n', ANY),
    "array without quotes": ("args=(--host 0.0.0.0)\nllama-server ${args[*]}\n", ANY),
    "array over several lines": (
        'args=(\n  --port 1  # the port\n  --host 0.0.0.0\n)\nllama-server "${args[@]}"\n',
        ANY,
    ),
    "array that grows": (
        'declare -a args=(--port 1)\nargs+=(--host 0.0.0.0)\nllama-server "${args[@]}"\n',
        ANY,
    ),
    "words in one variable": ('OPTS="--port 1 --host 0.0.0.0"\nllama-server $OPTS\n', ANY),
    "variable that grows": (
        'OPTS="--port 1"\nOPTS+=" --host 0.0.0.0"\nllama-server $OPTS\n',
        ANY,
    ),
    "keyword in front of a command": (
        "if true; then llama-server --host 0.0.0.0; fi\n",
        ANY,
    ),
    "inside of the branch that sets it": (
        "if true; then\n  HOST=0.0.0.0\n  llama-server --host $HOST\nfi\n",
        ANY,
    ),
    "chain that sets it": ("cd /x && HOST=0.0.0.0 && llama-server --host $HOST\n", ANY),
    "both branches alike": (
        f"HOST=0.0.0.0\nif a; then HOST=0.0.0.0; else HOST=0.0.0.0; fi\n{SERVE}",
        ANY,
    ),
    "paths of a virtual environment": (
        f"HOST=0.0.0.0\nsource .venv/bin/activate\n{SERVE}",
        ANY,
    ),
    "value that another branch had": (
        "if a; then HOST=127.0.0.1; else llama-server --host ${HOST:-0.0.0.0}; fi\n",
        ANY,
    ),
    "branch that sets it": (f"HOST=127.0.0.1\nif a; then HOST=0.0.0.0; fi\n{SERVE}", None),
    "branch over several lines": (
        f"HOST=127.0.0.1\nif a\nthen\n  HOST=0.0.0.0\nelse\n  B=1\nfi\n{SERVE}",
        None,
    ),
    "condition that sets it": (f"HOST=127.0.0.1\n[ -n $X ] && HOST=0.0.0.0\n{SERVE}", None),
    "loop over arguments": (
        LOOP + SERVE,
        None,
    ),
    "function that sets it": (f"HOST=127.0.0.1\nopen() {{\n HOST=0.0.0.0\n}}\nopen\n{SERVE}", None),
    "value of a command": (f"HOST=127.0.0.1\nHOST=$(hostname -i)\n{SERVE}", None),
    "value that is asked for": (f"HOST=127.0.0.1\nread -r HOST\n{SERVE}", None),
    "file that was not read": (f"HOST=127.0.0.1\n. /etc/llm.conf\n{SERVE}", None),
    "array of a branch": (
        'args=(--port 1)\nif a; then args+=(--host 0.0.0.0); fi\nllama-server "${args[@]}"\n',
        None,
    ),
    "array that is not known": ('llama-server "${args[@]}"\n', None),
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_setting_of_a_script_is_known_only_where_it_is_certain(case: str, tmp_path: Path) -> None:
    text, wanted = FOLLOWED[case]
    assert bound(tmp_path, text) == wanted


DEFAULT = f"HOST=${{HOST:-127.0.0.1}}\n{SERVE}"


@pytest.mark.parametrize(
    ("caller", "text", "wanted"),
    [
        ("Dockerfile", 'FROM python:3\nENV HOST=0.0.0.0\nCMD ["./run.sh"]\n', None),
        ("Dockerfile", 'FROM python:3\nENV PORT=1\nCMD ["./run.sh"]\n', "127.0.0.1"),
        ("Dockerfile", 'FROM python:3\nENV HOST=0.0.0.0\nCMD ["./other.sh"]\n', "127.0.0.1"),
        ("up.sh", "HOST=0.0.0.0 ./run.sh\n", None),
        ("up.service", "[Service]\nEnvironment=HOST=0.0.0.0\nExecStart=/srv/run.sh\n", None),
    ],
)
def test_default_of_a_script_holds_unless_what_starts_it_says_otherwise(
    caller: str, text: str, wanted: str | None, tmp_path: Path
) -> None:
    found = seen(tmp_path, {"run.sh": DEFAULT, caller: text})
    (server,) = [each for each in found.servers.values() if each.origin.file == "run.sh"]
    assert server.properties.get("bind") == wanted


def test_file_that_a_script_takes_in_is_read_where_it_is_there(tmp_path: Path) -> None:
    text = f"HOST=127.0.0.1\nsource ./conf.sh\n{SERVE}"
    assert bound(tmp_path, text, conf_sh="HOST=0.0.0.0\n") == ANY


def test_text_for_a_shell_in_a_pod_is_followed_like_a_script(tmp_path: Path) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n"
        "    image: ghcr.io/x/llama-server\n    command: [bash, -c]\n    args:\n    - |\n"
        "      args=(--host ${HOST:-127.0.0.1})\n"
        '      llama-server "${args[@]}"\n'
    )
    open_env = "    envFrom: [{secretRef: {name: s}}]\n"
    told = [
        seen(tmp_path, {"a.yaml": text}).only.properties.get("bind")
        for text in (pod, pod + open_env)
    ]
    assert told == ["127.0.0.1", None]


@given(st.text(alphabet="ab=+()\"'${}[]@;&|\n #ifdone", max_size=80))
def test_no_text_breaks_the_reader_and_each_value_is_a_text_or_unknown(text: str) -> None:
    shell = Shell(lambda _: None)
    for command in shell.commands(text):
        assert command
    assert all(isinstance(node.value, str | UnknownValue) for node in shell.known.values())


@pytest.mark.parametrize(
    "piece", ["a=(", "$(", "${", '"${a:-', "if ", "(", "{ ", "a|", "a&&", "<<A\n"]
)
def test_text_that_nests_or_goes_on_is_read_to_its_end(piece: str) -> None:
    text = f"{piece * 20_000}\nllama-server"
    assert all(Shell(lambda _: None).commands(text))


@pytest.mark.parametrize(
    "text",
    [
        "case $1 in\n  vllm) a ;;\n  redis-server | mlflow)\n    b\n    ;;\n  *) c;;\nesac\nd\n",
        "case $1 in x) a;; y|z) b;; (q) c;; esac; d",
        (
            "case $1 in\n  u)\n    case $2 in\n      x) a ;;\n      y) b\n    esac\n    c ;;\n"
            "  z) d\nesac\n"
        ),
        "case $1 in\n  u) ;;\n  # nothing\n  x) a; b;;\n  y) c && d\nesac\n",
    ],
    ids=["lines", "one line", "nested", "empty branch"],
)
def test_pattern_of_a_case_is_no_command(text: str) -> None:
    commands = [command[0].value for command in Shell(lambda _: None).commands(text)]
    assert commands == ["a", "b", "c", "d"]


def test_two_semicolons_outside_of_a_case_hide_no_command() -> None:
    commands = [command[0].value for command in Shell(lambda _: None).commands("a ;; b\n(c) d\n")]
    assert commands == ["a", "b", "c", "d"]
