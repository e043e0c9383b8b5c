"""Answers of an independent analyser on scenes of network policies; runs where that is installed.

Reads a list of scenes, {"objects": YAML, "questions": {name: [source, target, ports]}}, and writes
whether each connection is allowed. An end is the name of a pod, with its namespace, or a block of
addresses; ``ports`` are [protocol, first, last], and any of them is enough.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path

from nca.CoreDS.ConnectivityProperties import ConnectivityProperties
from nca.CoreDS.Peer import IpBlock, PeerSet
from nca.CoreDS.PortSet import PortSet
from nca.CoreDS.ProtocolSet import ProtocolSet
from nca.NetworkConfig.ResourcesHandler import ResourcesHandler


def answer(scene, folder):
    """Give the answer to each question of a scene."""
    place = Path(folder, "scene.yaml")
    place.write_text(scene["objects"])
    config = ResourcesHandler().get_network_config(
        None, None, None, [str(place)], config_name="scene"
    )
    allowed = config.allowed_connections().all_allowed_conns
    pods = {str(peer): peer for peer in config.peer_container.get_all_peers_group()}
    return {
        name: any(_is_allowed(allowed, pods, source, target, *ports) for ports in choices)
        for name, (source, target, choices) in scene["questions"].items()
    }


def _is_allowed(allowed, pods, source, target, protocol, first, last):
    protocols, ports = ProtocolSet(), PortSet()
    protocols.add_protocol(protocol)
    ports.add_port_range(first, last)
    asked = ConnectivityProperties.make_conn_props_from_dict(
        {
            "src_peers": _end(pods, source),
            "dst_peers": _end(pods, target),
            "protocols": protocols,
            "dst_ports": ports,
        }
    )
    return bool(allowed & asked)


def _end(pods, name):
    return PeerSet({pods[name] if name in pods else IpBlock(name)})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(sys.stderr):
        answers = [answer(scene, scratch) for scene in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
