"""Tables, arrays, scipy objects and values of the standard library, freshly made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpus.saving import Saved, all_protocols


def tables() -> Iterator[Saved]:
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
        "generators": [
            np.random.default_rng(0),
            np.random.RandomState(0),
            np.random.SeedSequence(1),
        ],
        "ufuncs": [np.sin, np.add, np.mean, np.float32, np.dtype("f8")],
        "polynomial": np.poly1d([1, 2]),
    }
    for name, value in values.items():
        yield from all_protocols(f"table-{name}", value)


def scipy_objects() -> Iterator[Saved]:
    import numpy as np  # noqa: PLC0415
    from scipy import interpolate, optimize, sparse, spatial, stats  # noqa: PLC0415

    points = np.random.RandomState(0).rand(12, 2)
    line = np.linspace(0, 1, 8)
    values: dict[str, Any] = {
        f"sparse-{kind}": sparse.eye(4).asformat(kind)
        for kind in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    }
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
        yield from all_protocols(f"scipy-{name}", value)


def standard() -> Iterator[Saved]:
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
        "dates": [
            datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
            datetime.date(2024, 1, 1),
            datetime.timedelta(1),
        ],
        "zone": zoneinfo.ZoneInfo("Europe/Berlin"),
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1j, 10**40],
        "containers": [
            collections.OrderedDict(a=1),
            collections.deque([1]),
            collections.Counter("aab"),
            collections.defaultdict(list, a=[1]),
        ],
        "uuid": uuid.uuid5(uuid.NAMESPACE_DNS, "example"),
        "path": [pathlib.Path("models/best.pt"), pathlib.PurePosixPath("/a/b")],
        "pattern": re.compile(r"a+\d", re.IGNORECASE),
        "namespace": types.SimpleNamespace(a=1, b=[2]),
        "partial": functools.partial(int, base=2),
        "getters": [operator.itemgetter(1), operator.attrgetter("name")],
        "bytes": [
            b"abc",
            bytearray(b"abc"),
            {1, 2},
            frozenset({3}),
            slice(1, 2),
            range(3),
            ...,
            NotImplemented,
            type(None),
        ],
        "functions": [len, sum, max, sorted, print, abs],
        "exceptions": [ValueError("x"), KeyError("y")],
    }
    for name, value in values.items():
        yield from all_protocols(f"standard-{name}", value)
