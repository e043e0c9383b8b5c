"""Which libraries the inventory lists, without which parts, and what is added by hand."""

from __future__ import annotations

from collections.abc import Mapping

# Import name -> parts that no model file stores, or that read, write, download or run things.
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "numpy": ("f2py", "distutils", "testing", "ctypeslib", "lib", "_core.memmap", "core.memmap"),
    # Samplers ask the distribution that they are made of.
    "scipy": ("io", "_lib._testutils", "datasets", "_build_utils", "stats._unuran"),
    "sklearn": ("datasets", "externals", "utils._testing", "_build_utils", "utils._repr_html"),
    "pandas": ("io", "_testing", "util", "core.computation", "plotting", "compat", "_libs.parsers",
               "_libs.reduction"),
    "torch": (
        "_inductor", "_dynamo", "_functorch", "_export", "_decomp", "_refs", "_prims",
        "_subclasses", "distributed", "testing", "package", "jit", "fx", "export", "onnx", "hub",
        "multiprocessing",
        "utils.cpp_extension", "utils.tensorboard", "utils.bottleneck", "utils.benchmark",
        "utils.data", "utils._strobelight", "utils.hipify", "utils.model_zoo", "backends", "cuda",
        "contrib", "_vendor", "_lazy", "_numpy", "_library", "_higher_order_ops", "_export",
        "masked", "utils._sympy", "_guards", "func", "profiler", "xpu", "mps", "mtia", "monitor",
        "_logging", "cpu",
    ),
    "joblib": (
        "externals", "memory", "parallel", "pool", "executor", "_parallel_backends", "test",
        "_memmapping_reducer", "_dask", "_store_backends", "compressor", "hashing", "logger",
        "_deprecated_my_exceptions", "my_exceptions",
    ),
    "xgboost": ("spark", "dask", "testing", "collective", "tracker", "federated"),
    "lightgbm": ("dask",),
    "catboost": ("widget", "dev_utils", "plot_helpers"),
    "statsmodels": ("iolib", "datasets", "graphics", "sandbox", "tools.testing"),
    "imblearn": ("datasets", "utils.testing", "_version"),
    "hdbscan": (),
    "transformers": ("commands", "utils.hub", "dynamic_module_utils", "pipelines"),
    "tokenizers": (),
    "sentence_transformers": ("backend", "cross_encoder.trainer", "evaluation"),
    "torchvision": ("datasets", "io", "_meta_registrations"),
    "timm": ("data", "utils"),
    "torchmetrics": ("utilities.plot",),
    "lightning": (
        "app", "fabric.cli", "fabric.loggers", "fabric.strategies.launchers", "pytorch.cli",
        "pytorch.loggers", "pytorch.profilers", "pytorch.strategies.launchers",
        "pytorch.utilities.model_summary",
    ),
    "pytorch_lightning": (
        "cli", "loggers", "profilers", "strategies.launchers", "utilities.model_summary",
    ),
    "lightning_fabric": ("cli", "loggers"),
    "ultralytics": ("hub", "cfg", "data", "engine", "utils", "solutions", "trackers"),
    "keras": ("src.saving", "src.utils", "src.export", "src.datasets", "src.applications"),
    "patsy": (),
    "dateutil": ("zoneinfo", "tz._tzfile"),
    "narwhals": (),
    "sympy": (
        "parsing", "printing", "plotting", "utilities", "codegen", "interactive", "testing",
        "physics", "benchmarks", "categories", "crypto", "liealgebras", "diffgeom",
        "polys.benchmarks",
    ),
    "shapely": ("testing", "plotting"),
    "geopandas": ("io", "tools", "datasets", "plotting", "explore"),
    "networkx": ("readwrite", "drawing"),
    "omegaconf": (),
    "formulaic": (),
    "gensim": ("downloader", "scripts", "test", "corpora.wikicorpus", "corpora.textcorpus"),
    "nltk": ("app", "draw", "corpus", "downloader", "data", "internals", "parse", "sem", "test",
             "inference", "twitter", "toolbox", "classify.weka", "classify.megam"),
    "umap": ("plot",),
    "pynndescent": (),
    "lifelines": ("datasets", "plotting"),
    "category_encoders": ("datasets",),
    "feature_engine": ("datasets",),
    "river": ("datasets", "stream", "sketch"),
    # A storage opens its database, file or server anew as soon as its state is set.
    "optuna": (
        "cli", "visualization", "integration", "artifacts", "storages._rdb", "storages.journal",
        "storages._grpc",
    ),
    "pyod": ("utils.data",),
    "ngboost": (),
    "sksurv": ("datasets", "io"),
    "mlxtend": ("data", "file_io", "plotting", "externals", "text"),
    "skopt": (),
    "surprise": ("dataset", "builtin_datasets", "dump"),
    "lightfm": ("datasets",),
    "implicit": ("datasets", "gpu"),
    "hmmlearn": (),
    "skimage": ("io", "data"),
    "tslearn": ("datasets",),
    "arch": ("data",),
    "gpytorch": (),
    "linear_operator": (),
    "skorch": ("cli", "history"),
    "pytorch_tabnet": (),
    "toolz": ("sandbox",),
    "stable_baselines3": ("common.monitor", "common.logger"),
    "gymnasium": (),
    "torch_geometric": ("datasets", "graphgym", "io", "profile", "distributed", "visualization"),
    "mmengine": ("fileio", "hub", "runner", "utils", "dist", "registry", "visualization"),
    "pygam": ("datasets",),
    "interpret": ("visual", "ext", "provider", "api"),
    "shap": ("datasets", "plots", "benchmark"),
    "econml": ("data", "tests"),
    "mapie": (),
    "hyperopt": ("mongoexp", "spark", "ipy", "plotting", "rdists"),
    "sktime": (
        "datasets", "utils.plotting", "registry", "benchmarking", "networks", "utils.mlflow_sktime",
        "datatypes", "utils._testing", "libs", "dists_kernels.compose_from_align",
        # As they take their state they call what it holds, or build what it describes.
        "classification.deep_learning", "regression.deep_learning",
        "classification.dictionary_based", "transformations.dictionary_based",
    ),
    "skbase": ("testing", "lookup", "utils"),
    "prophet": ("diagnostics", "plot", "make_holidays", "utilities", "serialize"),
    "kmodes": ("util.dissim",),
    "pmdarima": ("datasets",),
    "statsforecast": ("distributed", "core"),
    "gplearn": (),
    "bayes_opt": ("logger",),
    "boruta": (),
    "fairlearn": ("datasets", "experimental"),
    "optbinning": ("scorecard.plots", "options"),
    "factor_analyzer": (),
    "prince": ("datasets",),
    "linearmodels": ("datasets",),
    "sklearn_crfsuite": (),
    "pycrfsuite": (),
    "skrub": ("datasets", "_reporting", "_data_ops"),
    "sklearn_pandas": (),
    "imodels": ("util", "experimental", "viz"),
    "deslib": ("util.datasets",),
    "sklego": ("datasets",),
    # An expression may hold a pickled function, which polars loads by itself.
    "polars": (
        "io", "testing", "plotting", "convert", "_utils", "functions", "config", "lazyframe",
        "expr", "selectors", "datatype_expr", "catalog", "sql", "api", "_plr", "_cpu_check",
        "_dependencies", "_typing", "dataframe.plotting", "series.plotting",
    ),
    "ydf": (),
    "optax": (),
    "accelerate": ("commands", "test_utils", "hooks", "utils.modeling", "utils.megatron_lm"),
    # Hooks are removed as their callback is dropped: by a method that its state may replace.
    "fastai": (
        "torch_imports", "data.download", "callback.wandb", "callback.neptune", "callback.hook",
        "vision.core", "torch_core",
    ),
    "fastcore": ("xtras", "parallel", "script", "net", "shutil", "tools"),
    "fasttransform": (),
    "segmentation_models_pytorch": ("datasets",),
    "efficientnet_pytorch": (),
    "torch_optimizer": (),
    "einops": ("tests",),
    "open_clip": ("zero_shot_metadata",),
    "monai": (
        "apps", "bundle", "data", "handlers", "fl", "auto3dseg", "config", "engines", "utils",
        "visualize", "_extensions", "optimizers", "transforms.io",
        "metrics.cumulative_average",
    ),
    "pyro": ("contrib", "infer", "optim", "poutine", "ops.provenance"),
    "botorch": ("test_functions", "utils.testing"),
    "torchaudio": ("datasets", "io", "backend", "prototype", "utils", "_extension"),
    # Embeddings make a model of the settings in their state, and may fetch it.
    "flair": ("datasets", "trainers", "file_utils", "embeddings", "models.language_model"),
    "peft": ("import_utils", "tuners.osf.layer", "tuners.lora.velora"),
    "diffusers": (
        "commands", "experimental", "utils", "pipelines", "modular_pipelines", "hooks", "loaders",
    ),
}  # fmt: skip

# Libraries whose constructors make objects of settings that name any module: pickles of theirs make
# instances without a call, so that a call with arguments is not a habit of theirs.
MADE_WITHOUT_CALLS = frozenset({
    "keras", "transformers", "sentence_transformers", "ultralytics", "accelerate", "diffusers",
    "peft", "flair", "monai", "fastai",
})  # fmt: skip

# Modules of the standard library whose classes and constructors hold values and nothing else.
STANDARD: tuple[str, ...] = (
    "collections", "datetime", "decimal", "fractions", "uuid", "array", "enum", "ipaddress",
    "zoneinfo", "random", "_random", "statistics", "numbers", "string",
)  # fmt: skip

# Names that libraries do store and that the walk cannot see, or that stand under another path.
ADDED: Mapping[str, Mapping[str, str]] = {
    "builtins": {
        "builtins": "bytearray bytes complex dict float frozenset int list object range set slice"
        " str tuple bool Ellipsis NotImplemented abs all any len"
        " enumerate zip reversed max min round sorted sum"
        " ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup"
        " BlockingIOError BrokenPipeError BufferError BytesWarning ChildProcessError"
        " ConnectionAbortedError ConnectionError ConnectionRefusedError"
        " ConnectionResetError DeprecationWarning EOFError EncodingWarning"
        " EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError"
        " FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning"
        " IndentationError IndexError InterruptedError IsADirectoryError KeyError"
        " LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError"
        " NotImplementedError OSError OverflowError PendingDeprecationWarning"
        " PermissionError ProcessLookupError RecursionError ReferenceError ResourceWarning"
        " RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError"
        " SyntaxWarning SystemError TabError TimeoutError TypeError UnboundLocalError"
        " UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError"
        " UnicodeWarning UserWarning ValueError Warning ZeroDivisionError",
    },
    "types": {"types": "SimpleNamespace MappingProxyType NoneType EllipsisType"},
    "pathlib": {
        "pathlib": "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath",
        "pathlib._local": "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath",
    },
    "re": {"re": "_compile RegexFlag"},
    "logging": {"logging": "getLogger"},
    "array": {"array": "_array_reconstructor array"},
    "datetime": {"datetime": "date time datetime timedelta timezone"},
    "zoneinfo": {"zoneinfo": "ZoneInfo._unpickle"},
    "collections": {"collections": "OrderedDict defaultdict deque Counter"},
    "decimal": {"decimal": "Decimal"},
    "fractions": {"fractions": "Fraction"},
    "uuid": {"uuid": "UUID SafeUUID"},
    "random": {"random": "Random"},
    "numpy": {
        "numpy._core.multiarray": "_reconstruct scalar",
        "numpy._core.numeric": "_frombuffer",
        "numpy._core": "_DType_reconstruct",
        "numpy": "ndarray dtype matrix recarray record datetime64 timedelta64",
        "numpy.random._pickle": "__generator_ctor __bit_generator_ctor __randomstate_ctor",
        "numpy.random.bit_generator": "__pyx_unpickle_SeedSequence",
        "numpy.ma.core": "_mareconstruct",
        "numpy.ma.mrecords": "_mrreconstruct",
    },
    "joblib": {},
    "shapely": {"shapely.io": "from_wkb", "shapely": "from_wkb"},
    "numba": {
        "numba.core.registry": "CPUDispatcher",
        "numba.core.types.functions": "Dispatcher",
        "numba.core.serialize": "_CustomPickled",
    },
    "_io": {"_io": "BytesIO StringIO"},
    "itertools": {"itertools": "count repeat cycle chain islice product permutations combinations"},
    "http": {"http": "HTTPStatus HTTPMethod"},
    "requests": {"requests.structures": "CaseInsensitiveDict LookupDict"},
    "inspect": {"inspect": "_empty Parameter Signature _ParameterKind"},
    "torch": {
        "torch": "Size device dtype Tensor Generator",
        "torch.serialization": "_get_layout",
        "torch.fx.immutable_collections": "immutable_dict immutable_list",
        # What TorchScript writes for typed lists: each gives back or wraps its arguments.
        "torch.jit._pickle": "build_boollist build_doublelist build_intlist build_tensor_from_id"
        " build_tensorlist restore_type_tag",
        "torch._utils": "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter"
        " _rebuild_parameter_with_state _rebuild_sparse_tensor _rebuild_sparse_csr_tensor"
        " _rebuild_qtensor _rebuild_meta_tensor_no_storage _rebuild_device_tensor_from_numpy"
        " _rebuild_nested_tensor _rebuild_device_tensor_from_cpu_tensor _rebuild_xla_tensor",
        "torch.nn.parameter": "Parameter Buffer UninitializedParameter UninitializedBuffer",
    },
}

# Names that are made without a call, in modules whose other names are not listed.
ADDED_CLASSES: Mapping[str, Mapping[str, str]] = {
    "joblib": {"joblib.memory": "Memory"},
    # What indices are written with (``np.s_``), in a package that reads files otherwise.
    "numpy": {
        "numpy.lib._index_tricks_impl": "RClass CClass IndexExpression nd_grid MGridClass"
        " OGridClass",
        "numpy.lib.index_tricks": "RClass CClass IndexExpression nd_grid MGridClass OGridClass",
        "numpy.random": "RandomState Generator",
    },
    # Types of what a compiled function takes and gives: they hold other types, texts and numbers.
    "numba": {
        "numba.core.types.scalars": "Boolean Integer IntegerLiteral BooleanLiteral Float Complex",
        "numba.core.types.npytypes": "Array CharSeq DType NestedArray Record UnicodeCharSeq",
        "numba.core.types.containers": "Bytes DictType List ListType NamedTuple NamedUniTuple"
        " PyArray Set Tuple UniTuple",
        "numba.core.types.misc": "EllipsisType NoneType Object Omitted Optional PyObject SliceType"
        " StringLiteral UnicodeType",
        "numba.core.typing.templates": "Signature",
    },
    "torch": {
        "torch.utils.data.dataset": "TensorDataset ConcatDataset ChainDataset Subset StackDataset",
        "torch.utils.data.dataloader": "DataLoader",
        "torch.utils.data.sampler": "Sampler RandomSampler SequentialSampler BatchSampler"
        " SubsetRandomSampler WeightedRandomSampler",
        "torch.utils.data.distributed": "DistributedSampler",
        "torch.cuda.amp.grad_scaler": "GradScaler",
    },
}

# Paths under which the same module is found in files of other versions: today's -> others.
SAME: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "builtins": {"builtins": ("__builtin__", "exceptions")},
    "collections": {"collections": ("_collections",)},
    "random": {"random": ("_random",)},
}
