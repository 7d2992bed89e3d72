"""One way from pictures to all scores, for a model's samples, for files and for every baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lightning_gan.evaluation.banks import Pictures, Samples
from lightning_gan.evaluation.cards import Score
from lightning_gan.evaluation.fidelity import PACKAGE, check_space, score_with_torch_fidelity
from lightning_gan.evaluation.measures import Frechet, Inception, Kernel, Measure, Neighbours
from lightning_gan.evaluation.parzen import Window, as_score, centres
from lightning_gan.evaluation.real import RealSet
from lightning_gan.evaluation.ruler import baselines, kept
from lightning_gan.evaluation.scores import Against, Scores, full_name, score
from lightning_gan.features import FeatureSpace, WeightsError, cache_folder
from lightning_gan.metrics import parzen_protocol

MEASURES: dict[str, Measure] = {
    "fid": Frechet(), "is": Inception(), "kid": Kernel(), "pr": Neighbours(),
}  # fmt: skip


@dataclass(frozen=True)
class RealData:
    """What samples are compared with, from a data set or from files.

    Attributes:
        real: pictures to compare with.
        train: training images in [0, 1] for the ruler; none where the data have no splits.
        window: images of the Parzen score.
        shown_range: values of the data that a picture shows as black and white; none where there are only pictures.
    """

    real: RealSet
    train: Tensor | None
    window: Window | None
    shown_range: tuple[float, float] | None = None


class Door:
    """One way from a bank to its scores, for the model and for every baseline.

    Args:
        known: real images.
        space: of the features; a space without weights refuses its scores, and the others are computed.
        asked: names of metrics.
        must: whether the weights were named by a person, so that a space without them is an error.
        engine: suite, or torch-fidelity, which scores as well and has Inception's space only.

    Raises:
        UserError: if torch-fidelity is asked for another space.
    """

    def __init__(
        self,
        known: RealData,
        space: FeatureSpace,
        asked: Sequence[str],
        must: bool = False,
        engine: str = "suite",
    ) -> None:
        if engine == PACKAGE:
            check_space(space.name)
        self.known, self.parzen = known, "parzen" in asked
        self.weights_file = getattr(space, "weights", None)
        self.measures = [MEASURES[name] for name in asked if name in MEASURES]
        self.against, self.reason, self.suffix = None, "", space.suffix
        try:
            if self.measures:
                network = space.load().to(device())
                self.against = Against(known.real, network, space.suffix)
        except WeightsError as error:
            if must:
                raise WeightsError(str(error)) from error
            self.reason = f"no weights of {space.name}: {str(error).rstrip('.')}"

    def score(self, bank: Samples | Pictures) -> Scores:
        """All scores that were asked."""
        found = Scores()
        if self.against:
            found = score(bank, self.against, self.measures)
        elif self.measures:
            names = [full_name(n, self.suffix) for m in self.measures for n in m.names]
            found.refused |= dict.fromkeys(names, self.reason)
        if self.parzen:
            self._parzen(bank, found)
        return found

    def score_with_torch_fidelity(self, bank: Samples | Pictures, ours: Scores) -> Scores:
        """Score with torch-fidelity what the suite has scored."""
        if self.against is None:
            return Scores(refused=dict(ours.refused))
        return score_with_torch_fidelity(bank, self.against, self.measures, ours, self.weights_file)

    def _parzen(self, bank: Samples | Pictures, found: Scores) -> None:
        images = self.known.window
        if images is None:
            found.refused["parzen_nats"] = "the data have no pixels in [0, 1]"
            return
        value = parzen_protocol(centres(bank), images.choosing, images.scored)
        found.scores.append(as_score(value, bank, images))

    def ruler(self, n: int, seed: int) -> dict[str, list[Score]]:
        """The scores of the baselines, with as many samples; from disk where they were computed before."""
        train = self.known.train
        if train is None:
            print("No ruler: the data have no training split that baselines could learn from.")
            return {}
        digest = RealSet("", "", train).digest
        rows = {}
        for name, make in baselines(train, n, seed):
            key = "|".join(map(repr, (name, n, seed, digest, self._identity())))
            rows[name] = kept(key, cache_folder(), lambda make=make: self.score(make()).scores)  # type: ignore[misc]
        return rows

    def _identity(self) -> tuple[Any, ...]:
        images = self.known.window
        pixels = (images.wording, len(images.choosing), len(images.scored)) if images else ()
        real = self.known.real
        space: tuple[str, ...] = (self.reason,)
        if self.against:
            network = self.against.network
            space = (network.name, network.weights, network.resize)
        return (real.name, real.split, real.digest, space, self.measures, self.parzen, pixels)


def device() -> str:
    """Where scores are computed: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
