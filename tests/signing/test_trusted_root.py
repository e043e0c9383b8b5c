"""Trusted roots: the versions and files that are read, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.sigstore.trusted_root import read_trusted_roots
from tests.signing.mutation import mutate_json
from tests.signing.test_sigstore import MAKER, ROOT

TEXT = json.dumps(ROOT).encode()


def test_trusted_root_gives_authorities_logs_and_their_windows():
    (root,) = read_trusted_roots(TEXT)
    assert [log.base_url for log in root.logs] == [
        "https://rekor.example",
        "https://log2026.rekor.example",
    ]
    assert [len(each.chain) for each in root.authorities] == [2]
    assert root.logs[0].start == datetime(2026, 1, 1, tzinfo=UTC)
    assert root.logs[0].end is None
    assert len(root.certificate_logs) == len(root.timestamp_authorities) == 1


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ],
)
def test_both_versions_are_read(media_type):
    root = MAKER.trusted_root(mediaType=media_type)
    assert len(read_trusted_roots(json.dumps(root, indent=2).encode())) == 1


def test_several_roots_one_a_line():
    assert len(read_trusted_roots(TEXT + b"\n\n" + TEXT + b"\n")) == 2


def test_client_trust_config_holds_a_trusted_root():
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": ROOT,
        "signingConfig": {},
    }
    assert read_trusted_roots(json.dumps(config).encode()) == read_trusted_roots(TEXT)


def without(*path: str | int) -> dict[str, Any]:
    root = json.loads(TEXT)
    holder = root
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return root


@pytest.mark.parametrize(
    "root",
    [
        without("mediaType"),
        MAKER.trusted_root(mediaType="application/vnd.dev.sigstore.trustedroot.v9+json"),
        without("tlogs", 0, "publicKey", "validFor", "start"),
        without("tlogs", 0, "publicKey", "rawBytes"),
        without("tlogs", 0, "logId"),
        without("certificateAuthorities", 0, "certChain", "certificates", 0, "rawBytes"),
        without("timestampAuthorities", 0, "validFor"),
        MAKER.trusted_root(tlogs=[], timestampAuthorities=[]),
        MAKER.trusted_root(tlogs=[{**MAKER.logs[1].listed, "hashAlgorithm": "SHA3_256"}]),
        MAKER.trusted_root(tlogs=[MAKER.logs[1].listed] * 65),
        MAKER.trusted_root(tlogs={}),
        [],
    ],
)
def test_root_that_lacks_what_it_needs_is_refused(root):
    with pytest.raises(MalformedError):
        read_trusted_roots(json.dumps(root).encode())


def test_authority_without_certificates_is_refused():
    root = json.loads(TEXT)
    root["certificateAuthorities"][0]["certChain"]["certificates"] = []
    with pytest.raises(MalformedError, match="no certificates"):
        read_trusted_roots(json.dumps(root).encode())


def test_duplicate_key_in_a_root_is_refused():
    with pytest.raises(MalformedError, match="duplicate"):
        read_trusted_roots(TEXT[:-1] + b', "tlogs": []}')


@given(st.data())
def test_changed_root_is_read_or_refused_with_the_one_error(data):
    changed = mutate_json(json.loads(TEXT), data)
    try:
        read_trusted_roots(json.dumps(changed).encode())
    except SigningError:
        return


@given(st.binary(max_size=100))
def test_any_bytes_give_the_one_error(data):
    with pytest.raises(MalformedError):
        read_trusted_roots(data)
