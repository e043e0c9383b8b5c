"""A script in the arguments of a container: what is a credential there, and what gets one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsec.cli.main import main

JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {{name: setup, namespace: models}}
spec:
  template:
    spec:
      containers:
        - name: setup
          image: registry.example/cli:1
          command: [/bin/bash, -ec]
          args:
            - |
{script}
"""
SECRET = """\
id=$(oc get secret root -o go-template='{{.data.user}}')
cat << EOF | oc apply -f-
apiVersion: v1
kind: Secret
metadata: {name: made}
stringData:
  AWS_SECRET_ACCESS_KEY: VALUE
EOF
"""
READS = "python3 -c \"boto3.client(aws_secret_access_key=os.getenv('AWS_SECRET_ACCESS_KEY'))\""


@pytest.mark.parametrize(
    ("script", "is_found"),
    [
        (SECRET.replace("VALUE", "${id}"), False),
        (SECRET.replace("VALUE", "wJalrXUtnFEMIK7MDENGbPxRfiCYzzqpLmN0Rt5u"), True),
        (READS, False),
        ("mysql -h db -u root --password=Tr0ub4dor-and-3 < /sql/x.sql", True),
    ],
    ids=["filled in by the script", "literal", "read from the environment", "flag"],
)
def test_only_a_literal_credential_in_a_script_is_found(
    script: str, is_found: bool, tmp_path: Path
) -> None:
    lines = "\n".join(f"              {line}" for line in script.splitlines())
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "job.yaml").write_text(JOB.format(script=lines))
    words = ("--select", "k8s-pod/secret-in-arguments", "-q", "-o", str(tmp_path / "out"))
    main(["scan", str(tmp_path / "code"), *words])
    document = json.loads((tmp_path / "out" / "assessment.json").read_text())
    assert bool(document["findings"]) is is_found
