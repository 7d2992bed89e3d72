"""When to look at a run; what is computed lives in `lightning_gan.metrics`."""

from callbacks.checkpoint import Checkpoints
from callbacks.curves import Curves
from callbacks.interruption import Interruption
from callbacks.parzen import ParzenLogLikelihood
from callbacks.progress import Progress
from callbacks.randomness import Randomness
from callbacks.samples import NearestNeighbours, SampleGrid

__all__ = [
    "Checkpoints",
    "Curves",
    "Interruption",
    "NearestNeighbours",
    "ParzenLogLikelihood",
    "Progress",
    "Randomness",
    "SampleGrid",
]
