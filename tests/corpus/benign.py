"""``python -m tests.corpus.benign FOLDER``: save honest models of many kinds, freshly made.

Runs in an environment that has the libraries. Every scikit-learn estimator that can be fitted on
small data, torch modules and optimizers, pandas, scipy, xgboost, lightgbm and joblib objects, in
several protocols and containers.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus.benign_tables import scipy_objects, standard, tables
from tests.corpus.benign_torch import torch_modules, torch_optimizers, torch_others
from tests.corpus.saving import Saved, all_protocols, pickled


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
    makers = (
        _sklearn,
        torch_modules,
        torch_optimizers,
        torch_others,
        tables,
        scipy_objects,
        standard,
        _boosters,
        _statsmodels,
    )
    for make in makers:
        try:
            yield from make()
        except Exception as error:  # noqa: BLE001 - a library that is not there or does not start
            sys.stderr.write(f"{make.__name__}: left out: {error!r:.200}\n")


def _sklearn() -> Iterator[Saved]:
    import joblib  # noqa: PLC0415
    from sklearn.utils import all_estimators  # noqa: PLC0415

    for number, (name, kind) in enumerate(all_estimators()):
        model = _fitted(kind)
        if model is None:
            continue
        yield f"sklearn-{name}.pkl", pickled(model, (2, 4, 5, 3)[number % 4])
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
    for arguments in (
        {},
        {"estimator": LogisticRegression()},
        {"estimator": Ridge()},
        {"estimators": [("a", LogisticRegression()), ("b", LogisticRegression())]},
        {"transformers": [("a", "passthrough", [0, 1])]},
        {"steps": [("a", LogisticRegression())]},
        {"estimator": LogisticRegression(), "param_grid": {"C": [1.0, 2.0]}},
        {"estimator": LogisticRegression(), "param_distributions": {"C": [1.0]}},
        {"transformer_list": [("a", "passthrough")]},
    ):
        try:
            made = kind(**arguments)
            break
        except Exception:  # noqa: BLE001, S112
            continue
    if made is None:
        return None
    texts = [f"word{n} other text number {n % 3}" for n in range(40)]
    records = [{"a": n, "b": "x"} for n in range(40)]
    for x, y in (
        (data, labels),
        (data, None),
        (texts, None),
        (records, None),
        (labels, None),
        (data, np.c_[labels, labels]),
        (data[:, 0], data[:, 1]),
        (data, data[:, 1]),
    ):
        try:
            return made.fit(x, y) if y is not None else made.fit(x)
        except Exception:  # noqa: BLE001, S112
            continue
    return made


def _boosters() -> Iterator[Saved]:
    import joblib  # noqa: PLC0415
    import lightgbm  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import xgboost  # noqa: PLC0415

    data = np.random.RandomState(0).rand(60, 4)
    labels = (data[:, 0] > 0.5).astype(int)
    kinds = (
        xgboost.XGBClassifier,
        xgboost.XGBRegressor,
        xgboost.XGBRFClassifier,
        xgboost.XGBRFRegressor,
        lightgbm.LGBMClassifier,
        lightgbm.LGBMRegressor,
    )
    models: dict[str, Any] = {
        kind.__name__: kind(n_estimators=3).fit(data, labels) for kind in kinds
    }
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
        yield from all_protocols(f"boost-{name}", model)
        yield f"boost-{name}.joblib", lambda path, it=model: joblib.dump(it, path)


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
        yield from all_protocols(f"statsmodels-{name}", result)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
