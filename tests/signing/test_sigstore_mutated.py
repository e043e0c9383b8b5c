"""Mutated bundles: one error or a verdict, never a traceback, never a changed content accepted."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.bundles.bundle_reader import bundle_of
from mlsec.signing.errors import SigningError
from mlsec.signing.sigstore.trusted_root import read_trusted_roots
from mlsec.signing.sigstore.verify import verify_sigstore
from tests.signing.make_fulcio import IDENTITY, ISSUER
from tests.signing.make_log import b64
from tests.signing.make_sigstore import KINDS_OF_ENVELOPES, KINDS_OF_MESSAGES, STATEMENT
from tests.signing.mutation import mutate_json
from tests.signing.test_sigstore import MAKER, ROOT, digests, entry_of

(TRUSTED,) = read_trusted_roots(json.dumps(ROOT).encode())
BUNDLES = {
    **{kind: MAKER.envelope_bundle(kind=kind) for kind in KINDS_OF_ENVELOPES},
    **{("message", *kind): MAKER.message_bundle(kind=kind) for kind in KINDS_OF_MESSAGES},
}


@pytest.mark.parametrize("kind", BUNDLES)
@given(st.data())
def test_mutated_bundle_never_verifies_other_content(kind, data):
    changed = mutate_json(BUNDLES[kind], data)
    try:
        bundle = bundle_of(changed)
        verdict = verify_sigstore(bundle, TRUSTED, digests=digests())
    except SigningError:
        return
    if not verdict.is_good:
        return
    assert verdict.signer is not None
    assert (verdict.signer.issuer, verdict.signer.identities[0].value) == (ISSUER, IDENTITY)
    assert bundle.envelope is None or bundle.envelope.payload == STATEMENT


@pytest.mark.parametrize("kind", BUNDLES)
@given(st.data())
def test_mutated_log_entry_never_binds_and_never_breaks(kind, data):
    """The body is signed by the log, so this is about a log that stores anything at all."""
    bundle = json.loads(json.dumps(BUNDLES[kind]))
    body = json.loads(base64.b64decode(entry_of(bundle)["canonicalizedBody"]))
    changed = mutate_json(body, data)
    entry_of(bundle)["canonicalizedBody"] = b64(json.dumps(changed).encode())
    verdict = verify_sigstore(bundle_of(bundle), TRUSTED, digests=digests())
    assert not verdict.is_good or changed == body
