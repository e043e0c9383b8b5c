"""Torch modules, optimizers and tensors, freshly made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpus.saving import Saved, pickled


def torch_modules() -> Iterator[Saved]:
    import torch  # noqa: PLC0415

    sizes: tuple[tuple[Any, ...], ...] = (
        (),
        (4,),
        (4, 4),
        (4, 4, 3),
        (8, 2),
        (4, 4, 4),
        (2, 4, 4, 4),
    )
    for name in sorted(vars(torch.nn)):
        kind = getattr(torch.nn, name)
        if not (isinstance(kind, type) and issubclass(kind, torch.nn.Module)):
            continue
        for size in sizes:
            try:
                module = kind(*size)
            except Exception:  # noqa: BLE001, S112
                continue
            yield f"torch-{name}.pt", lambda path, it=module: torch.save(it, path)
            yield (
                f"torch-{name}.legacy.pt",
                lambda path, it=module: torch.save(it, path, _use_new_zipfile_serialization=False),
            )
            yield (
                f"torch-{name}.state.bin",
                lambda path, it=module: torch.save(it.state_dict(), path),
            )
            break


def torch_optimizers() -> Iterator[Saved]:
    import torch  # noqa: PLC0415

    for name in sorted(vars(torch.optim)):
        kind = getattr(torch.optim, name)
        if not (isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)):
            continue
        model = torch.nn.Linear(3, 2)
        try:
            optimizer = kind(model.parameters(), lr=0.1)
            model(torch.ones(1, 3)).sum().backward()
            optimizer.step()
        except Exception:  # noqa: BLE001, S112
            continue
        yield f"torch-optim-{name}.pt", lambda path, it=optimizer: torch.save(it, path)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
        yield f"torch-checkpoint-{name}.ckpt", lambda path, it=state: torch.save(it, path)


def torch_others() -> Iterator[Saved]:
    import torch  # noqa: PLC0415

    values: dict[str, Any] = {
        "dtypes": [
            torch.zeros(2, dtype=kind)
            for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64)
        ],
        "sparse": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(),
        "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "size": (torch.Size([1, 2]), torch.device("cpu"), torch.float32, torch.strided),
        "generator": torch.Generator().get_state(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "schedule": torch.optim.lr_scheduler.StepLR(
            torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), 0.1), 3
        ).state_dict(),
        "distribution": torch.distributions.Normal(torch.zeros(2), torch.ones(2)),
        "sequential": torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4)
        ),
    }
    for name, value in values.items():
        yield f"torch-other-{name}.pt", lambda path, it=value: torch.save(it, path)
        for protocol in (2, 4):
            yield f"torch-other-{name}.p{protocol}.pkl", pickled(value, protocol)
