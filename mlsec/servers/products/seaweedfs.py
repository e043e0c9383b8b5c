"""SeaweedFS: which of its ports other machines reach, and the keys of its S3 API."""

from __future__ import annotations

from mlsec.servers.network_reach import ConnectionSource, reach_of
from mlsec.servers.products.product import ANYWHERE, NamedSettings, is_one_of
from mlsec.servers.settings import NO, Settings, SettingValue, is_given, known, yes

# The master, the volumes and the filer, by HTTP and by gRPC: they ask nobody.
_OPEN = ("9333", "19333", "8080", "18080", "8888", "18888")


def read_seaweedfs(s: Settings) -> NamedSettings:
    """https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API: keys guard the S3 port only."""
    port = s.find("-s3.port", "-port", default="8333")
    yield "bind", known(ANYWHERE)
    yield "port", port.mapped(lambda value: (*_OPEN, str(value)))
    yield "access.authenticated", _asks(s, port)
    yield "access.default_credentials", _default_keys(s)
    yield "encryption.in_transit", NO


def _asks(s: Settings, port: SettingValue) -> SettingValue:
    if reach_of(s.launch, known(ANYWHERE), known(_OPEN)).value == ConnectionSource.NETWORK.value:
        return NO
    given = is_given(s.find("-s3.config"))
    if not port.is_known or not given.is_known:
        return port if not port.is_known else given
    return yes(given) if given.value else NO


def _default_keys(s: Settings) -> SettingValue:
    """Whether the file of the identities, where it is here, holds a key that is published."""
    for file in s.files:
        for identity in file.root.items("identities"):
            for credential in identity.items("credentials"):
                node = credential.get("secretKey")
                if node is not None and isinstance(node.value, str):
                    place = SettingValue(value=node.value, place=node, file=file.shown)
                    answer = is_one_of(place, ("seaweedfsadmin", "any", "some_secret_key1"))
                    if answer.value:
                        return answer
    return NO
