"""What sigstore-python says of the same bundle at the same trusted root, offline."""

from __future__ import annotations

import json
from typing import Any

from tests.signing.make_fulcio import IDENTITY, ISSUER


def oracle_accepts(
    bundle: dict[str, Any],
    root: dict[str, Any],
    digest: bytes = b"",
    identity: str = IDENTITY,
    issuer: str = ISSUER,
) -> bool:
    """Whether the reference implementation verifies the bundle under this name and issuer."""
    # They take half a second to import.
    from sigstore.errors import Error  # noqa: PLC0415
    from sigstore.hashes import HashAlgorithm, Hashed  # noqa: PLC0415
    from sigstore.models import Bundle, TrustedRoot  # noqa: PLC0415
    from sigstore.verify import Verifier, policy  # noqa: PLC0415
    from sigstore_models.trustroot.v1 import TrustedRoot as RootModel  # noqa: PLC0415

    who = policy.Identity(identity=identity, issuer=issuer)
    try:
        verifier = Verifier(trusted_root=TrustedRoot(RootModel.from_json(json.dumps(root))))
        found = Bundle.from_json(json.dumps(bundle))
        if "dsseEnvelope" in bundle:
            verifier.verify_dsse(found, who)
        else:
            hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest)
            verifier.verify_artifact(hashed, found, who)
    except (Error, ValueError):
        return False
    return True
