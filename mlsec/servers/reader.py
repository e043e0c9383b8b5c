"""The servers among the processes that code starts, and every launch accounted for."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared
from mlsec.collect.code.launch import Launch
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.servers.config.config_files import ConfigSource
from mlsec.servers.recognise import NoServer, servers_in
from mlsec.servers.server import server_resource
from mlsec.servers.standing_configs import config_launches
from mlsec.vocabulary.types import Vocabulary

SERVER = "serving.server"


def read_servers(
    scope: CodeScope, vocabulary: Vocabulary, launches: tuple[Launch, ...]
) -> Declared:
    """Give the servers of a scope.

    A launch that is none is counted as left out, with the reason; where it may be one all the same,
    its file says so as well. A configuration file that no launch reads is judged by itself.
    """
    configs = ConfigSource(scope)
    files = {file.shown: file for file in scope.files}
    resources: list[Resource] = []
    for launch in launches:
        resources += _of_launch(launch, scope, vocabulary, configs, files)
    for launch in config_launches(scope, configs.read):
        resources += _of_launch(launch, scope, vocabulary, configs, files)
    unique = {resource.id: resource for resource in resources}
    return Declared(resources=tuple(unique.values()))


def _of_launch(
    launch: Launch,
    scope: CodeScope,
    vocabulary: Vocabulary,
    configs: ConfigSource,
    files: dict[str, CodeFile],
) -> list[Resource]:
    servers = servers_in(launch, configs)
    if isinstance(servers, NoServer):
        file = files.get(launch.file)
        if servers.is_doubtful and launch.origin == "live":
            return [_unknown_server(launch, servers.because, scope)]
        scope.tally.exclude((SERVER, scope.name, ""), servers.because)
        if servers.is_doubtful and file is not None:
            what = f'whether "{launch.name}" is a server: {servers.because}'
            scope.doubt(file, what, line=launch.line)
        return []
    resources = [server_resource(server, scope, vocabulary) for server in servers]
    for resource in resources:
        scope.tally.add((resource.type, scope.name, ""), assessed=1)
    return resources


def _unknown_server(launch: Launch, because: str, scope: CodeScope) -> Resource:
    """A container of a cluster that may be a server: no rule about servers is answered for it."""
    place = (SERVER, scope.name, "")
    gap = make_gap(
        scope=scope.name,
        subject=launch.id,
        wanted="which server it is, and its settings",
        reason=GapReason.UNRESOLVED,
        detail=because,
    )
    scope.tally.hide(place, gap, is_listing=False)
    scope.tally.add(place, errored=1)
    return Resource(
        id=f"{launch.id}/server",
        type=SERVER,
        provider="serving",
        scope=scope.name,
        name=launch.name,
        properties={"workload_id": launch.resource_id or None},
        unread={"*": (gap.id,)},
    )
