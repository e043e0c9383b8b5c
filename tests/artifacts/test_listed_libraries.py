"""Objects of libraries that the inventory lists are assessed; what it leaves out is not."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
LISTED = (
    "boruta.boruta_py.BorutaPy",
    "gplearn.genetic.SymbolicRegressor",
    "bayes_opt.bayesian_optimization.BayesianOptimization",
    "imodels.rule_set.rule_fit.RuleFitClassifier",
    "linearmodels.panel.model.PanelOLS",
    "pygam.pygam.LinearGAM",
    "pygam.terms.SplineTerm",
    "statsforecast.models.AutoARIMA",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
    "lightning.pytorch.trainer.trainer.Trainer",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "peft.peft_model.PeftModel",
    "peft.tuners.lora.config.LoraConfig",
    "slicer.slicer.Slicer",
    "slicer.slicer_internal.Alias",
    "prince.pca.PCA",
    "deslib.des.knora_e.KNORAE",
    "optbinning.binning.binning.OptimalBinning",
    "factor_analyzer.factor_analyzer.FactorAnalyzer",
    "sktime.forecasting.naive._naive.NaiveForecaster",
    "fastai.learner.Learner",
    "flair.data.Sentence",
    "monai.networks.nets.unet.UNet",
    "pyro.nn.module.PyroModule",
    "einops.layers.torch.Rearrange",
    "open_clip.model.CLIP",
    "torchaudio.transforms._transforms.MelSpectrogram",
    "diffusers.models.unets.unet_2d.UNet2DModel",
    "segmentation_models_pytorch.decoders.unet.model.Unet",
    "scipy.interpolate._bsplines._BSpline",
)
# They open, write or start something as they are made, set or dropped.
LEFT_OUT = (
    "lightning.pytorch.profilers.profiler.Profiler",
    "lightning.pytorch.loggers.csv_logs.CSVLogger",
    "lightning.pytorch.strategies.launchers.subprocess_script._SubprocessScriptLauncher",
    "pytorch_lightning.cli.LightningCLI",
    "imodels.util.data_util.Downloader",
    "bayes_opt.logger.ScreenLogger",
    "peft.tuners.osf.layer.OSFLayer",
    "slicer.slicer_internal.AtomicSlicer",
    "flair.embeddings.transformer.TransformerWordEmbeddings",
    "flair.models.language_model.LanguageModel",
    "fastai.callback.hook.HookCallback",
    "sktime.transformations.dictionary_based._sfa_fast.SFAFast",
    "sktime.classification.deep_learning.base._base_tf.BaseDeepClassifier",
    "pyro.ops.provenance.ProvenanceTensor",
    "monai.metrics.cumulative_average.CumulativeAverage",
    "scipy.stats._unuran.unuran_wrapper.NumericalInversePolynomial",
)


def look(name: str, *parts: bytes) -> Inspection:
    module, _, kind = name.rpartition(".")
    return inspect(Window.of(make.stream(make.stacked(module, kind), *parts), name="a.pkl"))


@pytest.mark.parametrize("name", LISTED)
def test_an_object_of_a_listed_class_is_quiet_and_assessed(name: str) -> None:
    seen = look(name, b")\x81}", make.text("alpha"), b"K\1sb")
    assert not [fact for fact in seen.facts if fact.danger in FLAGGING]
    assert not seen.gaps


@pytest.mark.parametrize("name", LEFT_OUT)
def test_an_object_of_a_class_that_was_left_out_is_a_gap(name: str) -> None:
    assert look(name, b")\x81}", make.text("alpha"), b"K\1sb").gaps


@pytest.mark.parametrize("name", LISTED)
def test_a_listed_class_that_is_called_with_a_command_is_flagged(name: str) -> None:
    seen = look(name, make.stacked("os", "system"), make.text("id"), b"\x86R")
    assert FLAGGING & {fact.danger for fact in seen.facts}


@pytest.mark.parametrize("name", LISTED)
def test_a_hook_set_on_an_object_of_a_listed_class_is_flagged(name: str) -> None:
    seen = look(name, b")\x81}", make.text("__class__"), make.stacked("unheard", "Net"), b"sb")
    assert FLAGGING & {fact.danger for fact in seen.facts}
