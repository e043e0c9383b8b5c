"""``python -m tests.corpus.benign FOLDER``: save honest models of many kinds, freshly made.

Runs in an environment that has the libraries. Every scikit-learn estimator that can be fitted on
small data, torch modules and optimizers, pandas, scipy, xgboost, lightgbm and joblib objects, in
several protocols and containers.
"""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Saved = tuple[str, Callable[[Path], object]]


def main(folder: str) -> int:
    """Write the files; what cannot be made here is counted."""
    warnings.simplefilter("ignore")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for name, save in _everything():
        try:
            save(target / name)
        except Exception as error:  # noqa: BLE001 - one library's refusal must not end the loop
            (target / name).unlink(missing_ok=True)
            failed.append(f"{name}: {type(error).__name__}")
    written = len(list(target.iterdir()))
    sys.stderr.write(f"{written} files in {target}; not made: {len(failed)}: {failed[:20]}\n")
    return 0


def _everything() -> Iterator[Saved]:
    for make in (_sklearn, _torch_modules, _torch_optimizers, _torch_others, _tables, _scipy):
        yield from make()
    for make in (_boosters, _standard, _statsmodels):
        yield from make()


def _pickled(value: Any, protocol: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(pickle.dumps(value, protocol))


def _all_protocols(name: str, value: Any) -> Iterator[Saved]:
    for protocol in (0, 2, 4, 5):
        yield f"{name}.p{protocol}.pkl", _pickled(value, protocol)


def _sklearn() -> Iterator[Saved]:
    import joblib  # noqa: PLC0415
    from sklearn.utils import all_estimators  # noqa: PLC0415

    for number, (name, kind) in enumerate(all_estimators()):
        model = _fitted(kind)
        if model is None:
            continue
        yield f"sklearn-{name}.pkl", _pickled(model, (2, 4, 5, 3)[number % 4])
        compress = (0, ("zlib", 3), 0, ("gzip", 3))[number % 4]
        yield (
            f"sklearn-{name}.joblib",
            lambda path, model=model, how=compress: joblib.dump(model, path, compress=how),
        )


def _fitted(kind: type) -> Any:
    import numpy as np  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415

    random = np.random.RandomState(0)
    data = random.rand(40, 6)
    labels = (data[:, 0] > 0.5).astype(int)
    made = None
    for arguments in ({}, {"estimator": LogisticRegression()}, {"estimator": Ridge()},
                      {"estimators": [("a", LogisticRegression()), ("b", LogisticRegression())]},
                      {"transformers": [("a", "passthrough", [0, 1])]},
                      {"steps": [("a", LogisticRegression())]},
                      {"estimator": LogisticRegression(), "param_grid": {"C": [1.0, 2.0]}},
                      {"estimator": LogisticRegression(), "param_distributions": {"C": [1.0]}},
                      {"transformer_list": [("a", "passthrough")]}):  # fmt: skip
        try:
            made = kind(**arguments)
            break
        except Exception:  # noqa: BLE001, S112
            continue
    if made is None:
        return None
    texts = [f"word{n} other text number {n % 3}" for n in range(40)]
    records = [{"a": n, "b": "x"} for n in range(40)]
    for x, y in ((data, labels), (data, None), (texts, None), (records, None), (labels, None),
                 (data, np.c_[labels, labels]), (data[:, 0], data[:, 1]), (data, data[:, 1])):  # fmt: skip
        try:
            return made.fit(x, y) if y is not None else made.fit(x)
        except Exception:  # noqa: BLE001, S112
            continue
    return made


def _torch_modules() -> Iterator[Saved]:
    import torch  # noqa: PLC0415

    sizes: tuple[tuple[Any, ...], ...] = ((), (4,), (4, 4), (4, 4, 3), (8, 2), (4, 4, 4), (2, 4, 4, 4))
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
            yield f"torch-{name}.state.bin", lambda path, it=module: torch.save(it.state_dict(), path)
            break


def _torch_optimizers() -> Iterator[Saved]:
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


def _torch_others() -> Iterator[Saved]:
    import torch  # noqa: PLC0415

    values: dict[str, Any] = {
        "dtypes": [torch.zeros(2, dtype=kind) for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64)],
        "sparse": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(),
        "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "size": (torch.Size([1, 2]), torch.device("cpu"), torch.float32, torch.strided),
        "generator": torch.Generator().get_state(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "schedule": torch.optim.lr_scheduler.StepLR(torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), 0.1), 3).state_dict(),
        "distribution": torch.distributions.Normal(torch.zeros(2), torch.ones(2)),
        "sequential": torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4)),
    }  # fmt: skip
    for name, value in values.items():
        yield f"torch-other-{name}.pt", lambda path, it=value: torch.save(it, path)
        for protocol in (2, 4):
            yield f"torch-other-{name}.p{protocol}.pkl", _pickled(value, protocol)


def _tables() -> Iterator[Saved]:
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    index = pd.date_range("2024-01-01", periods=4, freq="D")
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz"), "c": [0.1, None, 2.0, 3.0]})
    values: dict[str, Any] = {
        "frame": frame,
        "dated": pd.DataFrame({"v": range(4)}, index=index),
        "zoned": pd.Series(range(4), index=index.tz_localize("Europe/Berlin")),
        "categories": frame["b"].astype("category"),
        "multi": frame.set_index(["a", "b"]),
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "strings": pd.Series(["a", None], dtype="string"),
        "periods": pd.period_range("2024-01", periods=3, freq="M"),
        "intervals": pd.interval_range(0, 3),
        "deltas": pd.to_timedelta([1, 2], unit="h"),
        "stamp": pd.Timestamp("2024-01-01", tz="UTC"),
        "delta": pd.Timedelta("1h"),
        "offset": pd.offsets.MonthEnd(2),
        "missing": [pd.NaT, pd.NA],
        "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "grouped": frame.groupby("b"),
        "numpy": [np.arange(3), np.float64(1), np.array(["a", "bb"]), np.zeros(2, dtype="M8[D]")],
        "objects": np.array([1, "a", None, {"k": 1}], dtype=object),
        "structured": np.zeros(2, dtype=[("a", "f4"), ("b", "U3")]),
        "masked": np.ma.masked_array([1, 2], mask=[0, 1]),
        "matrix": np.matrix([[1, 2]]),
        "records": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "generators": [np.random.default_rng(0), np.random.RandomState(0), np.random.SeedSequence(1)],
        "ufuncs": [np.sin, np.add, np.mean, np.float32, np.dtype("f8")],
        "polynomial": np.poly1d([1, 2]),
    }  # fmt: skip
    for name, value in values.items():
        yield from _all_protocols(f"table-{name}", value)


def _scipy() -> Iterator[Saved]:
    import numpy as np  # noqa: PLC0415
    from scipy import interpolate, optimize, sparse, spatial, stats  # noqa: PLC0415

    points = np.random.RandomState(0).rand(12, 2)
    line = np.linspace(0, 1, 8)
    values: dict[str, Any] = {
        f"sparse-{kind}": sparse.eye(4).asformat(kind) for kind in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    }  # fmt: skip
    values |= {
        "array": sparse.csr_array(np.eye(3)),
        "interp": interpolate.interp1d(line, line**2),
        "spline": interpolate.CubicSpline(line, line**2),
        "univariate": interpolate.UnivariateSpline(line, line**2),
        "bspline": interpolate.make_interp_spline(line, line**2),
        "rbf": interpolate.RBFInterpolator(points, points[:, 0]),
        "tree": spatial.cKDTree(points),
        "kdtree": spatial.KDTree(points),
        "rotation": spatial.transform.Rotation.identity(),
        "frozen": stats.norm(0, 1),
        "poisson": stats.poisson(3),
        "distribution": stats.gamma,
        "kde": stats.gaussian_kde(points.T),
        "result": optimize.minimize(lambda x: (x**2).sum(), [1.0, 2.0]),
        "multivariate": stats.multivariate_normal([0, 0]),
    }
    for name, value in values.items():
        yield from _all_protocols(f"scipy-{name}", value)


def _boosters() -> Iterator[Saved]:
    import joblib  # noqa: PLC0415
    import lightgbm  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import xgboost  # noqa: PLC0415

    data = np.random.RandomState(0).rand(60, 4)
    labels = (data[:, 0] > 0.5).astype(int)
    kinds = (
        xgboost.XGBClassifier, xgboost.XGBRegressor, xgboost.XGBRFClassifier, xgboost.XGBRFRegressor,
        lightgbm.LGBMClassifier, lightgbm.LGBMRegressor,
    )  # fmt: skip
    models: dict[str, Any] = {kind.__name__: kind(n_estimators=3).fit(data, labels) for kind in kinds}
    models["Booster"] = models["XGBClassifier"].get_booster()
    models["LgbBooster"] = models["LGBMClassifier"].booster_
    try:
        import catboost  # noqa: PLC0415

        quiet = {"iterations": 3, "verbose": False, "allow_writing_files": False}
        models["CatBoost"] = catboost.CatBoostClassifier(**quiet).fit(data, labels)
        models["CatBoostRegressor"] = catboost.CatBoostRegressor(**quiet).fit(data, labels)
    except ImportError:
        pass
    for name, model in models.items():
        yield from _all_protocols(f"boost-{name}", model)
        yield f"boost-{name}.joblib", lambda path, it=model: joblib.dump(it, path)


def _standard() -> Iterator[Saved]:
    import collections  # noqa: PLC0415
    import datetime  # noqa: PLC0415
    import decimal  # noqa: PLC0415
    import fractions  # noqa: PLC0415
    import functools  # noqa: PLC0415
    import operator  # noqa: PLC0415
    import pathlib  # noqa: PLC0415
    import re  # noqa: PLC0415
    import types  # noqa: PLC0415
    import uuid  # noqa: PLC0415
    import zoneinfo  # noqa: PLC0415

    values: dict[str, Any] = {
        "dates": [datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.date(2024, 1, 1), datetime.timedelta(1)],
        "zone": zoneinfo.ZoneInfo("Europe/Berlin"),
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1j, 10**40],
        "containers": [collections.OrderedDict(a=1), collections.deque([1]), collections.Counter("aab"), collections.defaultdict(list, a=[1])],
        "uuid": uuid.uuid5(uuid.NAMESPACE_DNS, "example"),
        "path": [pathlib.Path("models/best.pt"), pathlib.PurePosixPath("/a/b")],
        "pattern": re.compile(r"a+\d", re.IGNORECASE),
        "namespace": types.SimpleNamespace(a=1, b=[2]),
        "partial": functools.partial(int, base=2),
        "getters": [operator.itemgetter(1), operator.attrgetter("name")],
        "bytes": [b"abc", bytearray(b"abc"), {1, 2}, frozenset({3}), slice(1, 2), range(3), ..., NotImplemented, type(None)],
        "functions": [len, sum, max, sorted, print, abs],
        "exceptions": [ValueError("x"), KeyError("y")],
    }  # fmt: skip
    for name, value in values.items():
        yield from _all_protocols(f"standard-{name}", value)


def _statsmodels() -> Iterator[Saved]:
    import numpy as np  # noqa: PLC0415
    import statsmodels.api as sm  # noqa: PLC0415

    data = sm.add_constant(np.random.RandomState(0).rand(40, 2))
    target = data @ [1.0, 2.0, 3.0]
    for name, model in {
        "OLS": sm.OLS(target, data),
        "GLM": sm.GLM(target, data),
        "Logit": sm.Logit((target > target.mean()).astype(int), data),
        "RLM": sm.RLM(target, data),
    }.items():
        try:
            result = model.fit()
        except Exception:  # noqa: BLE001, S112
            continue
        yield from _all_protocols(f"statsmodels-{name}", result)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
