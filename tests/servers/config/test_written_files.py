"""Settings files and start scripts that a Dockerfile writes hold as if they were files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.servers.images.dockerfile import recipes_of
from tests.servers.config.declared import compose, seen
from tests.steps import steps

JUPYTER = "/root/.jupyter/jupyter_server_config.py"
START = 'CMD ["jupyter", "lab", "--allow-root", "--ip=0.0.0.0"]\n'
OPEN = "c.ServerApp.token = ''"


def image(*lines: str, base: str = "python:3.13") -> dict[str, str]:
    text = "\n".join((f"FROM {base}", "ARG TOKEN", "RUN pip install jupyterlab", *lines))
    return {"Dockerfile": f"{text}\n{START}"}


@pytest.mark.parametrize(
    "write",
    [
        f'RUN mkdir -p /root/.jupyter && echo "{OPEN}" > {JUPYTER}',
        f'RUN mkdir /root/.jupyter\nRUN echo "{OPEN}" >>{JUPYTER}',
        f'RUN echo "{OPEN}" >> ~/.jupyter/jupyter_server_config.py',
        f'RUN echo "{OPEN}" >> "$HOME/.jupyter/jupyter_server_config.py"',
        f'RUN printf "%s\\n" "c.ServerApp.port = 1" "{OPEN}" > {JUPYTER}',
        f'RUN echo "{OPEN}" | tee -a {JUPYTER} > /dev/null',
        f"RUN cat <<EOF > {JUPYTER}\n{OPEN}\nEOF",
        f"RUN <<EOT\ncat > {JUPYTER} <<EOF\n{OPEN}\nEOF\nEOT",
        f"COPY <<EOF {JUPYTER}\n{OPEN}\nEOF",
        f'RUN ["/bin/sh", "-c", "echo \\"{OPEN}\\" > {JUPYTER}"]',
        f'RUN cd /root/.jupyter && echo "{OPEN}" > jupyter_server_config.py',
    ],
)
def test_what_a_build_writes_is_read_on_its_line(write: str, tmp_path: Path) -> None:
    found = seen(tmp_path, image(write)).only
    assert found.properties["access.authenticated"] is False
    line = image(write)["Dockerfile"].split(OPEN)[0].count("\n") + 1
    assert found.places["access.authenticated"] == f"Dockerfile:{line}:1"


@pytest.mark.parametrize(
    "write",
    [
        f"RUN echo \"c.ServerApp.token = '$TOKEN'\" > {JUPYTER}",
        f"RUN echo \"c.ServerApp.token = '$(cat /t)'\" > {JUPYTER}",
        f"RUN python make.py > {JUPYTER}",
        f'RUN if [ -e /x ]; then echo "{OPEN}" > {JUPYTER}; fi',
        f'RUN test -e /x || echo "{OPEN}" > {JUPYTER}',
        f'RUN echo "{OPEN}" > {JUPYTER}\nRUN sed -i s/x/y/ {JUPYTER}',
        f'RUN echo "{OPEN}" > {JUPYTER}\nCOPY --from=python:3.13 /a {JUPYTER}',
        f'RUN echo "{OPEN}" > $TOKEN/jupyter_server_config.py',
        f'RUN echo "{OPEN}" > ~/.jupyter/jupyter_server_config.py\nUSER app',
        f'RUN echo "$TOKEN" > {JUPYTER}',
        f"RUN TOKEN=a && echo \"c.ServerApp.token = '$TOKEN'\" > {JUPYTER}",
        f'RUN (echo "{OPEN}") > {JUPYTER}',
        f"RUN cp x {JUPYTER} && echo 'c.ServerApp.port = 1' >> {JUPYTER}",
        "RUN cp x /root/.jupyter && echo 'c.A.port = 1' >> ~/.jupyter/jupyter_server_config.py",
        f'RUN echo "{OPEN}" > {JUPYTER} && echo x >> ~/.jupyter/jupyter_server_config.py',
        f"COPY --from=a /root /root\nRUN echo 'c.ServerApp.port = 1' >> {JUPYTER}",
        "RUN echo 'c.ServerApp.port = 1' >> /etc/jupyter/jupyter_server_config.py",
    ],
)
def test_what_cannot_be_worked_out_is_not_known(write: str, tmp_path: Path) -> None:
    found = seen(tmp_path, image(write))
    assert found.only.properties.get("access.authenticated") is None
    assert found.why(found.only, "access.authenticated")


@pytest.mark.parametrize(
    "write",
    [
        f'RUN echo "{OPEN}" > /root/notes.txt',
        f'RUN echo "{OPEN}"',
        f'RUN echo "{OPEN} > {JUPYTER}"',
        f'RUN echo "{OPEN}" > {JUPYTER}\nRUN echo "c.ServerApp.port = 1" > {JUPYTER}',
        f'RUN python make.py 2> {JUPYTER}.log && pip install "torch>=2"',
        f"COPY <<EOF {JUPYTER}\n# {OPEN}\nEOF",
    ],
)
def test_what_is_not_written_there_changes_nothing(write: str, tmp_path: Path) -> None:
    assert seen(tmp_path, image(write)).only.properties["access.authenticated"] is True


def test_what_a_build_adds_holds_before_the_settings_of_the_image(tmp_path: Path) -> None:
    add = "RUN echo 'inference_address=http://127.0.0.1:9' >> /home/model-server/config.properties"
    text = f"FROM pytorch/torchserve:0.8.0-cpu\n{add}\n"
    found = seen(tmp_path, {"Dockerfile": text}).only.properties
    plain = seen(tmp_path / "b", {"Dockerfile": text.replace(add, "RUN x")}).only.properties
    assert (found["bind"], plain["bind"]) == ("127.0.0.1", "0.0.0.0")  # noqa: S104
    assert found.keys() >= plain.keys()


def test_what_a_volume_lies_over_is_not_read(tmp_path: Path) -> None:
    files = image(f'RUN echo "{OPEN}" > {JUPYTER}')
    service = 'build: .\nports: ["8888:8888"]\n'
    found = seen(tmp_path, {**files, **compose(service)}).only
    assert found.properties["access.authenticated"] is False
    assert found.places["access.authenticated"].startswith("Dockerfile:4")
    over = compose(f'{service}volumes: ["./jupyter_server_config.py:{JUPYTER}"]\n')
    mine = {"jupyter_server_config.py": "c.ServerApp.token = 'a-token-of-our-own'\n"}
    found = seen(tmp_path / "b", {**files, **over, **mine}).only
    assert found.properties["access.authenticated"] is True
    home = image(f'RUN echo "{OPEN}" > ~/.jupyter/jupyter_server_config.py')
    found = seen(tmp_path / "c", {**home, **over, **mine}).only
    assert found.properties["access.authenticated"] is True


@pytest.mark.parametrize(
    ("write", "line"),
    [
        ("COPY <<'EOF' /start.sh\n#!/bin/sh\nexec vllm serve a/b --host 0.0.0.0\nEOF", 4),
        ("RUN printf '#!/bin/sh\\nexec vllm serve a/b --host 0.0.0.0\\n' > /start.sh", 2),
        ("RUN echo '#!/bin/sh' > /start.sh\nRUN echo 'vllm serve a/b' >> /start.sh", 3),
    ],
)
def test_a_start_script_that_a_build_writes_is_read(write: str, line: int, tmp_path: Path) -> None:
    text = f'FROM python:3.13\n{write}\nENTRYPOINT ["/bin/sh", "/start.sh"]\n'
    assert seen(tmp_path, {"Dockerfile": text}).only.origin.line == line
    other = text.replace('"/start.sh"', '"/other.sh"')
    assert not seen(tmp_path / "b", {"Dockerfile": other}).servers


@pytest.mark.parametrize(
    "write",
    ["python make.py", "echo '#!/bin/sh \\n\\n vllm serve a/b'", 'printf "$START a/b\\n"'],
)
def test_a_start_script_that_is_not_known_is_told(write: str, tmp_path: Path) -> None:
    text = f'FROM python:3.13\nRUN {write} > /start.sh\nCMD ["/start.sh"]\n'
    assert "what the build writes to /start.sh is not known" in str(
        seen(tmp_path, {"Dockerfile": text}).doubts()
    )


def grown(kind: str, count: int) -> str:
    """A Dockerfile whose written files would grow with the square of its length."""
    many = range(count)
    match kind:
        case "appends":
            return "FROM a\n" + "RUN echo x >>f\n" * count
        case "stages":
            return "FROM a AS s0\nRUN echo x >>f\n" + "".join(
                f"FROM s{n} AS s{n + 1}\nRUN echo x >>f\n" for n in many
            )
        case "files":
            return "FROM a\n" + "".join(f"RUN echo x >f{n}\nCOPY --from=b a c{n}\n" for n in many)
        case "format":
            return "FROM a\nRUN printf '%s" + "x" * count * 8 + "' " + "a " * count + "> f\n"
        case "targets":
            return "FROM a\nRUN cat <<EOF | tee " + "f " * count + "\n" + "x\n" * count + "EOF\n"
        case _:
            return "FROM a\nRUN printf x" + " " * count * 8 + "> f <<\n"


@pytest.mark.parametrize("kind", ["appends", "stages", "files", "format", "targets", "blanks"])
def test_written_files_do_not_grow_faster_than_the_dockerfile(kind: str) -> None:
    def taken(count: int) -> int:
        text = grown(kind, count)
        file = CodeFile(id="Dockerfile", path="Dockerfile", language=Language.DOCKERFILE, text=text)
        return steps(lambda: recipes_of(file))

    assert taken(1_000) < 2.5 * taken(500)
