"""Files of code with very much of one character: a scan of a folder ends, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.providers.aws.shapes.addresses import s3_bucket
from tests.e2e.runs import mlsec

MANY = 300_000
FILES = {
    "nginx.conf": "server { listen 80;\n" + "\n" * MANY + "x }\n",
    "docker-compose.yml": "services:\n  a:\n" + "\n" * MANY + "    image: x\n",
    "s.yaml": 'apiVersion: v1\nkind: "Secret"' + " " * MANY + "x\nmetadata: {name: a}\n",
    "main.tf": "# mlsec:ignore x" + " " * MANY + 'x\nresource "aws_s3_bucket" "a" {}\n',
    "app.py": 'x = "' + "eyJ-" * (MANY // 4) + '"\n',
    "run.sh": "#!/bin/sh\n" + "curl-" * (MANY // 5) + "\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_scan_of_a_file_with_much_of_one_character_ends(name: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / name).write_text(FILES[name], "utf-8")
    done = mlsec("scan", tmp_path / "code", "-o", tmp_path / "out", "-f", "json")
    assert done.returncode in (0, 10, 11, 2), done.stderr
    assert "Traceback" not in done.stderr


def test_a_long_host_is_no_bucket_and_is_told_soon() -> None:
    assert s3_bucket("https://" + "s3.a-" * 50_000 + ".amazonaws.com/x") is None
    assert s3_bucket("https://models.s3.dualstack.eu-west-1.amazonaws.com/x") == "models"
    assert s3_bucket("https://s3-fips.us-gov-west-1.amazonaws.com/models/x") == "models"
