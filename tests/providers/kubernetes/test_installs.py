"""Packages that a container installs when it starts, and those whose version is fixed."""

from __future__ import annotations

import pytest

from mlsec.collect.located.located import Node
from mlsec.providers.kubernetes.shapes.installs import unpinned_install


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("pip install gradio requests\npython app.py", "gradio"),
        ("pip3 install -q \\\n  accelerate", "accelerate"),
        ("pip install a==1 'vllm>=0.4'", "vllm>=0.4"),
        ("pip install git+https://github.com/o/r", "git+https://github.com/o/r"),
        ("pip install torch --index-url https://example.com/simple", "torch"),
        ("pip install --upgrade pip && python app.py", None),
        ("pip install boto3==1.2.3 ./wheels/a.whl /app .", None),
        ("pip install -r requirements.txt -e src", None),
        ("pip install $PACKAGES", None),
        (f"pip install git+https://github.com/o/r@{'a' * 40}", None),
        ("python -m app", None),
    ],
)
def test_first_package_without_a_version_is_named(text: str, package: str | None) -> None:
    assert unpinned_install(Node(text)) == package
