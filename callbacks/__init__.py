"""When to look at a run; what is computed lives in `lightning_gan.metrics`."""

from callbacks.checkpoint import Checkpoints
from callbacks.curves import Curves
from callbacks.features import FID, KID, InceptionScore, PrecisionRecall
from callbacks.interruption import Interruption
from callbacks.parzen import ParzenLogLikelihood
from callbacks.progress import Progress
from callbacks.randomness import Randomness
from callbacks.samples import NearestNeighbours, SampleGrid

__all__ = [
    "FID",
    "KID",
    "Checkpoints",
    "Curves",
    "InceptionScore",
    "Interruption",
    "NearestNeighbours",
    "ParzenLogLikelihood",
    "PrecisionRecall",
    "Progress",
    "Randomness",
    "SampleGrid",
]
