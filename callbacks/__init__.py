"""When to look at a run; what is computed lives in `lightning_gan.metrics`."""

from callbacks.best import BestGenerator
from callbacks.checkpoint import Checkpoints
from callbacks.classification import ClassificationError
from callbacks.compiled import Compiled
from callbacks.curves import Curves
from callbacks.density import DensityCurves
from callbacks.features import FID, KID, InceptionScore, PrecisionRecall
from callbacks.flight_recorder import FlightRecorder
from callbacks.gradients import GradientNorms
from callbacks.helvetica import Helvetica
from callbacks.interruption import Interruption
from callbacks.modes import ModeCoverage, StackedModeCoverage
from callbacks.monitored import MonitoredKeys
from callbacks.parzen import ParzenLogLikelihood
from callbacks.points import PointCloud
from callbacks.progress import Progress
from callbacks.randomness import Randomness
from callbacks.recovery import Recovery
from callbacks.requeue import Requeue
from callbacks.responses import Alert, Response, RollBack, Stop
from callbacks.samples import NearestNeighbours, SampleGrid

__all__ = [
    "FID",
    "KID",
    "Alert",
    "BestGenerator",
    "Checkpoints",
    "ClassificationError",
    "Compiled",
    "Curves",
    "DensityCurves",
    "FlightRecorder",
    "GradientNorms",
    "Helvetica",
    "InceptionScore",
    "Interruption",
    "ModeCoverage",
    "MonitoredKeys",
    "NearestNeighbours",
    "ParzenLogLikelihood",
    "PointCloud",
    "PrecisionRecall",
    "Progress",
    "Randomness",
    "Recovery",
    "Requeue",
    "Response",
    "RollBack",
    "SampleGrid",
    "StackedModeCoverage",
    "Stop",
]
