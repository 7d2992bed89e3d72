"""Callbacks that evaluate, draw, save and stop a run; the metrics are in `lightning_gan.metrics`."""

from callbacks.best_checkpoint import BestCheckpoint
from callbacks.checkpoint import Checkpoints
from callbacks.classification_error import ClassificationError
from callbacks.collapse_responses import (
    CollapseResponse,
    RollbackOnCollapse,
    StopOnCollapse,
    WarnOnCollapse,
)
from callbacks.density_plot import DensityPlot
from callbacks.feature_metrics import FID, KID, FeatureScore, InceptionScore, PrecisionRecall
from callbacks.flight_recorder import FlightRecorder
from callbacks.graceful_shutdown import GracefulShutdown
from callbacks.gradient_norms import GradientNorms
from callbacks.mode_collapse import ModeCollapseMonitor
from callbacks.mode_coverage import ModeCoverage, StackedModeCoverage
from callbacks.monitored_keys import MonitoredKeys
from callbacks.nonfinite_recovery import NonFiniteRecovery
from callbacks.parzen import ParzenLogLikelihood
from callbacks.progress import Progress
from callbacks.rng_state import RNGState
from callbacks.sample_grid import NearestNeighbours, SampleGrid
from callbacks.sample_scatter import SampleScatter
from callbacks.slurm_requeue import SlurmRequeue
from callbacks.torch_compile import TorchCompile
from callbacks.training_curves import TrainingCurves

__all__ = [
    "FID",
    "KID",
    "BestCheckpoint",
    "Checkpoints",
    "ClassificationError",
    "CollapseResponse",
    "DensityPlot",
    "FeatureScore",
    "FlightRecorder",
    "GracefulShutdown",
    "GradientNorms",
    "InceptionScore",
    "ModeCollapseMonitor",
    "ModeCoverage",
    "MonitoredKeys",
    "NearestNeighbours",
    "NonFiniteRecovery",
    "ParzenLogLikelihood",
    "PrecisionRecall",
    "Progress",
    "RNGState",
    "RollbackOnCollapse",
    "SampleGrid",
    "SampleScatter",
    "SlurmRequeue",
    "StackedModeCoverage",
    "StopOnCollapse",
    "TorchCompile",
    "TrainingCurves",
    "WarnOnCollapse",
]
