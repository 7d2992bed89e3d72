"""Scores of torch-fidelity itself on the same bytes, to set beside the suite's own.

torch-fidelity (Obukhov et al. 2020) extracts features with its own Inception-v3 and computes the metrics with its own
code; only the pictures, the weights and the settings are shared.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from lightning_gan.errors import UserError
from lightning_gan.evaluation.banks import Bank
from lightning_gan.evaluation.cards import Score
from lightning_gan.evaluation.measures import Inception, Kernel, Measure, Neighbours
from lightning_gan.evaluation.scores import Against, Scores
from lightning_gan.features.inception import LAST_LAYER
from lightning_gan.features.weights import load_inception

PACKAGE = "torch-fidelity"
INCEPTION = "inception-v3-compat"
THEIR_KEYS = {  # of each score: torch-fidelity's keys of the value and of its standard deviation
    "fid": ("frechet_inception_distance", ""),
    "is": ("inception_score_mean", "inception_score_std"),
    "kid": ("kernel_inception_distance_mean", "kernel_inception_distance_std"),
    "precision": ("precision", ""),
    "recall": ("recall", ""),
    "f_score": ("f_score", ""),
}


class Pixels(Dataset[Tensor]):
    """Pictures as torch-fidelity reads them: uint8, [3, H, W]; grey ones have three equal channels.

    Args:
        pictures: uint8, [n, 1 or 3, H, W].
    """

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        """Return one picture in three channels."""
        return self.pictures[index].expand(3, -1, -1)


def check_space(name: str) -> None:
    """Refuse a feature space that torch-fidelity does not score in.

    Args:
        name: name of the feature space.

    Raises:
        UserError: if it is not Inception.
    """
    if name != "inception":
        raise UserError(
            f"{PACKAGE} scores in Inception's feature space, but the features are {name}: give --features Inception."
        )


def score_with_torch_fidelity(
    bank: Bank,
    against: Against,
    measures: Sequence[Measure],
    ours: Scores,
    weights: str | None = None,
    extractor: str = INCEPTION,
) -> Scores:
    """Score pictures with torch-fidelity; return its values under the suite's names and protocol cards.

    Args:
        bank: pictures to score.
        against: real pictures, feature space and processes of the suite's own scores.
        measures: metrics to compute, with their settings.
        ours: the suite's own scores; what they refused is not asked of torch-fidelity.
        weights: file with Inception's weights; LIGHTNING_GAN_WEIGHTS or the cache if it is None.
        extractor: name of the feature extractor in torch-fidelity's registry.

    Raises:
        UserError: if the feature space is not Inception, or the metrics have different seeds.
        WeightsError: if there are no weights.
    """
    from torch_fidelity import calculate_metrics  # slow to import

    if extractor == INCEPTION:
        check_space(against.network.name)
    answered = {score.name for score in ours.scores}
    asked = [m for m in measures if any(against.name(name) in answered for name in m.names)]
    if not asked:
        return Scores(refused=dict(ours.refused))
    samples = torch.cat([part.pictures for part in bank.parts()]).cpu()
    with tempfile.TemporaryDirectory() as folder:
        theirs = calculate_metrics(
            input1=Pixels(samples), input2=Pixels(against.real.pictures), **_settings(asked),
            cuda=torch.cuda.is_available(), feature_extractor=extractor, cache=False, verbose=False, save_cpu_ram=True,
            feature_extractor_weights_path=_weights_file(weights, Path(folder), extractor),
        )  # fmt: skip
    return Scores(_scores(theirs, asked, against, bank), dict(ours.refused))


def _settings(measures: Sequence[Measure]) -> dict[str, Any]:
    """Translate settings of metrics into torch-fidelity's."""
    given: dict[str, Any] = {"fid": any("fid" in m.names for m in measures)}
    for measure in measures:
        if isinstance(measure, Inception):
            given |= {"isc": True, "isc_splits": measure.splits}
        elif isinstance(measure, Kernel):
            given |= {"kid": True, "kid_subsets": measure.subsets}
            given |= {"kid_subset_size": measure.subset_size}
        elif isinstance(measure, Neighbours):
            given |= {"prc": True, "prc_neighborhood": measure.k}
    seeds = {m.rng for m in measures if isinstance(m, Inception | Kernel)}
    if len(seeds) > 1:
        raise UserError(f"{PACKAGE} has one seed for all metrics, but {sorted(seeds)} were given.")
    return given | ({"rng_seed": seeds.pop()} if seeds else {})


def _weights_file(weights: str | None, folder: Path, extractor: str) -> str | None:
    """Write Inception's weights as torch-fidelity reads them, with a last layer of zeros where they have none."""
    if extractor != INCEPTION:
        return None
    tensors, _ = load_inception(weights)
    layer = tensors.setdefault(LAST_LAYER, torch.zeros(1008, 2048))
    tensors.setdefault("fc.bias", layer.new_zeros(len(layer)))
    path = folder / "weights.pth"
    torch.save(tensors, path)
    return str(path)


def _scores(
    theirs: dict[str, float], measures: Sequence[Measure], against: Against, bank: Bank
) -> list[Score]:
    found = []
    for measure in measures:
        card = against.card(measure, bank)
        card = replace(card, versions={**card.versions, PACKAGE: version(PACKAGE)})
        for name in (n for n in measure.names if n in THEIR_KEYS):
            value, sd = THEIR_KEYS[name]
            deviation = float(theirs[sd]) if sd else None
            found.append(Score(against.name(name), float(theirs[value]), deviation, card))
    return found
