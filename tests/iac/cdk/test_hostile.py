"""CDK apps that mean harm: nothing of them runs, all is bounded, what was given up is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.collect.walk.plan import Referred
from mlsec.iac.cdk import reader
from mlsec.repository.infrastructure import shapes_of
from tests.e2e import watched_scan
from tests.iac.cdk.synthesis import declared, scope_of
from tests.iac.reading import VOCABULARY

HEAD = "import * as s3 from 'aws-cdk-lib/aws-s3';\n"
HARM = """
import {{ execSync }} from 'child_process';
execSync('touch {canary}');
import * as s3 from 'aws-cdk-lib/aws-s3';
new s3.Bucket(this, 'B', {{ bucketName: require('child_process').execSync('touch {canary}') }});
"""
PYTHON_HARM = """
import os
from aws_cdk import aws_s3 as s3
os.system("touch {canary}")
open("{canary}", "w")
s3.Bucket(self, "B", bucket_name=__import__("os").popen("touch {canary}").read())
"""


def refusals(text: str, path: str = "a.ts") -> list[str]:
    scope = scope_of({path: text})
    reader.read(scope, VOCABULARY, shapes_of, lambda _: Referred())
    return [scope.tally.gaps[gap].detail for gaps in scope.refused.values() for gap in gaps]


def test_nothing_of_an_app_is_run_and_nothing_is_fetched(tmp_path: Path) -> None:
    canary, folder, log = tmp_path / "canary", tmp_path / "repo", tmp_path / "log"
    (folder / "lib").mkdir(parents=True)
    (folder / "cdk.json").write_text(json.dumps(dict.fromkeys(("app", "build"), f"touch {canary}")))
    (folder / "package.json").write_text(json.dumps({"scripts": {"preinstall": f"touch {canary}"}}))
    (folder / "lib" / "a.ts").write_text(HARM.format(canary=canary))
    (folder / "app.py").write_text(PYTHON_HARM.format(canary=canary))
    words = ["scan", ".", "-f", "json", "-o", tmp_path / "out", "--fail-on", "none"]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-P", Path(watched_scan.__file__), log, *words],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )  # fmt: skip
    told = json.loads(log.read_bytes())
    assert done.returncode == 11, done.stderr
    assert not canary.exists()
    assert told.get("network", []) == []
    assert [word for word in told.get("started", []) if "sandbox.child" not in word] == []
    found = json.loads((tmp_path / "out" / "assessment.json").read_bytes())["findings"]
    files = {
        each["resource"]["file"] for each in found if each["resource"]["type"] == "aws.s3.bucket"
    }
    assert files <= {"lib/a.ts", "app.py"}


@pytest.mark.parametrize("opening", ["(", "[", "{a:", "f(", "!", "x=>", "a.b(", "`${"])
def test_text_that_is_nested_without_end_is_refused_and_the_rest_is_read(opening: str) -> None:
    text = f"{HEAD}new s3.Bucket(this, 'B');\nconst deep = {opening * 3_000}1;\n"
    assert refusals(text)
    assert len(declared({"a.ts": text})) <= 1


def test_python_that_is_nested_without_end_is_refused() -> None:
    text = "from aws_cdk import aws_s3 as s3\nx = " + "(" * 3_000 + ")" * 3_000
    assert refusals(text, "a.py")


def test_a_file_that_is_too_large_is_refused() -> None:
    assert "larger than" in " ".join(refusals(HEAD + "// x\n" * 500_000))


def test_names_that_stand_on_each_other_are_not_known() -> None:
    text = f"{HEAD}const a = b; const b = a; new s3.Bucket(this, 'B', {{ bucketName: a }});"
    (found,) = declared({"a.ts": text})
    assert found.name == "‹a›"


def test_texts_and_lists_that_double_stay_small() -> None:
    lines = ["const t0 = 'xxxxxxxxxxxxxxxx'; const l0 = ['x', 'x'];"]
    lines += [
        f"const t{n} = `${{t{n - 1}}}${{t{n - 1}}}`; const l{n} = [l{n - 1}, l{n - 1}];"
        for n in range(1, 39)
    ]
    text = HEAD + "\n".join(lines) + "\nnew s3.Bucket(this, 'B', { bucketName: t38, tags: l38 });"
    (found,) = declared({"a.ts": text})
    assert len(found.name) <= 1_000_000


def test_many_constructs_of_one_name_keep_an_address_of_their_own() -> None:
    text = HEAD + "new s3.Bucket(this, 'B');\n" * 3_000
    found = declared({"a.ts": text})
    assert len({each.id for each in found}) == 3_000
