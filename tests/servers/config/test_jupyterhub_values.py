"""JupyterHub as the values of its chart set it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import seen

VALUES = "hub:\n  config:\n{config}\nproxy:\n  service: {{type: {service}}}\nsingleuser: {{}}\n"


def values(config: str, service: str = "LoadBalancer") -> dict[str, str]:
    lines = "\n".join(f"    {line}" for line in config.splitlines())
    return {"hub-values.yaml": VALUES.format(config=lines, service=service)}


@pytest.mark.parametrize(
    ("config", "authenticator", "asks"),
    [
        ("JupyterHub: {authenticator_class: dummy}", "dummy", False),
        (
            "JupyterHub: {authenticator_class: dummy}\nDummyAuthenticator: {password: abc}",
            "dummy",
            True,
        ),
        ("JupyterHub: {authenticator_class: generic-oauth}", "generic-oauth", True),
    ],
)
def test_the_authenticator_of_the_values_decides(
    config: str, authenticator: str, asks: bool, tmp_path: Path
) -> None:
    hub = seen(tmp_path, values(config)).only
    assert hub.properties["authenticator"] == authenticator
    assert hub.properties["access.authenticated"] is asks
    assert hub.properties["exposure.reach"] == "network"


def test_what_other_values_of_the_chart_may_set_is_not_guessed(tmp_path: Path) -> None:
    hub = seen(tmp_path, values("Spawner: {cpu: 1}", "ClusterIP")).only
    assert {"authenticator", "access.authenticated", "admin_access", "exposure.reach"} <= set(
        hub.unread
    )


def test_values_of_another_chart_with_a_hub_are_none_of_jupyterhub(tmp_path: Path) -> None:
    assert not seen(tmp_path, {"values.yaml": "hub:\n  image: x\nreplicas: 1\n"}).servers


def test_a_script_in_the_values_is_no_secret_by_a_name_in_it(tmp_path: Path) -> None:
    script = "extraConfig:\n      a.py: |\n        token = state['refresh_token_of_the_user']\n"
    script += "        key = answer['Credentials']['SecretKey']\n"
    files = {"values.yaml": f"hub:\n  {script}  x: 1\nproxy: {{}}\n"}
    assert seen(tmp_path, files).only.properties["secrets"] == []
