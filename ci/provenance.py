"""Attests the build of the files in a folder with a key, in the shape of GitHub's attestations.

``python ci/provenance.py FOLDER KEY BUILDER REPOSITORY REF COMMIT`` writes
FOLDER/provenance.sigstore.json. It is a rehearsal: a release is attested by actions/attest, whose
signer is the workflow itself. Source: https://actions.github.io/buildtypes/workflow/v1
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from mlsec.signing.provenance.slsa import SLSA_V1
from mlsec.signing.signer.sign import sign_statement
from mlsec.signing.signer.signing_key import load_signer

NAME = "provenance.sigstore.json"
BUILD_TYPE = "https://actions.github.io/buildtypes/workflow/v1"
WORKFLOW = ".github/workflows/release.yml"


def main(folder: Path, key: Path, builder: str, repository: str, ref: str, commit: str) -> None:
    """Write the attestation beside the files."""
    subjects = [
        {"name": file.name, "digest": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}
        for file in sorted(folder.iterdir())
        if file.name != NAME
    ]
    signer = load_signer(key.read_bytes(), None, [], place=str(key))
    predicate = _predicate(builder, repository, ref, commit)
    (folder / NAME).write_bytes(sign_statement(signer, subjects, SLSA_V1, predicate))


def _predicate(builder: str, repository: str, ref: str, commit: str) -> dict[str, Any]:
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "workflow": {"ref": ref, "repository": repository, "path": WORKFLOW}
            },
            "internalParameters": {"github": {"event_name": "push"}},
            "resolvedDependencies": [
                {"uri": f"git+{repository}@{ref}", "digest": {"gitCommit": commit}}
            ],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": "rehearsal"}},
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
