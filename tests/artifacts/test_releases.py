"""What the lists of every release hold: old names are known, and what acts is in none of them."""

from __future__ import annotations

import datetime

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.known_names import LISTED
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.core.content_paths import content_folder
from mlsec.core.strict_yaml import parse
from tests.artifacts.builders import pickles as make
from tests.develop.python_outlines import outline
from tests.develop.risky_sources import is_callable_class, is_risky

FILES = sorted((content_folder("rules") / "callables" / "releases").glob("*.yaml"))
# Where each library's oldest release stands that the index still has.
OLDEST = {
    "sklearn": "2011", "joblib": "2011", "numpy": "2009", "torch": "2018", "xgboost": "2018",
    "lightgbm": "2017", "gensim": "2010", "nltk": "2012", "scipy": "2010", "pandas": "2009",
    "statsmodels": "2012", "spacy": "2015",
}  # fmt: skip
OLD_NAMES = (
    "gensim.models.keyedvectors.Word2VecKeyedVectors", "gensim.models.keyedvectors.Vocab",
    "gensim.models.word2vec.Vocab", "gensim.models.ldamodel.LdaState",
    "sklearn.externals.joblib.numpy_pickle.NDArrayWrapper",
    "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
    "sklearn.tree.tree.DecisionTreeClassifier", "sklearn.tree._tree.Tree",
    "sklearn.linear_model.base.LinearRegression", "sklearn.svm.classes.SVC",
    "sklearn.linear_model.logistic.LogisticRegression",
    "sklearn.ensemble.forest.RandomForestClassifier",
    "sklearn.preprocessing.label.LabelEncoder", "sklearn.preprocessing.data.StandardScaler",
    "sklearn.preprocessing.imputation.Imputer", "sklearn.neighbors.kd_tree.KDTree",
    "joblib.numpy_pickle.NDArrayWrapper", "joblib.numpy_pickle.ZNDArrayWrapper",
    "pandas.core.indexes.numeric.Int64Index", "pandas.core.index.Int64Index",
    "pandas.indexes.base.Index", "pandas.core.internals.BlockManager", "pandas.tslib.Timestamp",
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
    "torch.FloatStorage", "torch.LongStorage", "torch.nn.backends.thnn._get_thnn_function_backend",
    "torch.utils.hooks.RemovableHandle", "xgboost.compat.XGBoostLabelEncoder",
    "nltk.tag.perceptron.PerceptronTagger",
)  # fmt: skip


def is_listed(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return shipped_policy().look_up(module, last).standing in LISTED


@pytest.mark.parametrize("name", OLD_NAMES)
def test_a_name_of_an_old_release_is_known(name: str) -> None:
    assert is_listed(name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_list_says_which_releases_it_was_made_of_and_when(path: object) -> None:
    data = parse(path.read_text("utf-8"), str(path)).value  # type: ignore[attr-defined]
    dates = [datetime.date.fromisoformat(date) for date in data["releases"].values()]
    assert dates == sorted(dates)
    assert dates[-1] <= datetime.date.fromisoformat(data["read"])
    oldest = OLDEST.get(data["library"])
    assert oldest is None or str(dates[0].year) == oldest


def test_the_libraries_that_are_pickled_most_have_a_list() -> None:
    assert OLDEST.keys() <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_runs_more_than_an_object_needs_is_not_listed(path: object) -> None:
    data = parse(path.read_text("utf-8"), str(path)).value  # type: ignore[attr-defined]
    listed = {
        (module, name)
        for title in ("classes", "reducers", "makers")
        for module, names in (data.get(title) or {}).items()
        for name in names.split()
    }
    risky = {(m, name) for m, names in (data.get("risky") or {}).items() for name in names.split()}
    assert not listed & risky


def test_a_class_whose_state_may_run_code_is_a_gap() -> None:
    data = make.stream(make.stacked("torch", "classes"), b")\x81}b")
    assert not is_listed("torch.classes")
    assert inspect(Window.of(data)).gaps


OLD_SOURCE = '''
class Base(object):
    """A text with class Fake(object): in it."""
    def __init__(self, n_items, alpha=1):
        print "python 2", n_items
        exec "x = 1"

cdef class Tree:
    property depth:
        def __get__(self):
            return 1
    def __cinit__(self, int n_features, np.ndarray n_classes):
        pass
    def __reduce__(self):
        return (newObj, (Tree,), self.__getstate__())

class Loads(Base):
    def __setstate__(self, state):
        self._restore(state)
    def _restore(self, state):
        exec(state)

class Heir(Loads):
    class Inner: pass

def newObj(obj):
    return obj.__new__(obj)
'''


def test_source_of_any_age_is_read_by_its_indentation() -> None:
    read = outline(OLD_SOURCE)
    assert set(read.classes) == {"Base", "Tree", "Loads", "Heir", "Heir.Inner"}
    assert (set(read.functions), read.returned) == ({"newObj"}, {"newObj"})
    by_name = {name: [(read, found)] for name, found in read.classes.items()}
    risky = {n for n, found in read.classes.items() if is_risky(read, found, by_name, {})}
    assert risky == {"Loads", "Heir"}
    assert is_callable_class(read.classes["Tree"], by_name)
