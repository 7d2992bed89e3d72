"""Scores with their evaluation protocols, which decide whether two values are comparable."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from typing import Any

from lightning_gan import __version__
from lightning_gan.tracking.metric_keys import find_score_key
from lightning_gan.utils.errors import UserError

LIBRARIES = ("torch", "torchvision", "torchmetrics")


def read_library_versions() -> dict[str, str]:
    """Return the versions of the libraries that compute scores."""
    return {name: version(name) for name in LIBRARIES} | {"lightning-gan": __version__}


@dataclass(frozen=True)
class EvaluationProtocol:
    """Everything that a score depends on.

    Two values are comparable if all fields agree but those in `CIRCUMSTANCES`, which describe the model and the draw.
    """

    metric: str
    features: str
    """Name of the feature extractor, or `pixels`, or `coordinates`."""
    weights: str
    """Sha256 of the feature extractor's tensors; empty for pixels."""
    resize: str
    real: str
    """Name of the real data."""
    split: str
    real_hash: str
    """Sha256 of the real images."""
    n_real: int
    n_generated: int
    value_range: str
    settings: Mapping[str, Any]
    """Settings of the formula: splits, subsets, neighbours."""
    error: str
    """Meaning of the ±, or the reason why there is none."""
    generated: str = ""
    """Source of the samples: the average of G, G itself, files, a baseline."""
    batch_norm: str = ""
    """Statistics that BatchNorm used; empty without BatchNorm."""
    seed: int | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """Values that the protocol chose, such as sigma."""
    precision: str = "float32 features, float64 statistics"
    versions: Mapping[str, str] = field(default_factory=read_library_versions)

    def differences(self, other: "EvaluationProtocol") -> list[str]:
        """Return the differences that make values not comparable; empty if they are comparable."""
        return self._differences(other, PROTOCOL)

    def circumstances(self, other: "EvaluationProtocol") -> list[str]:
        """Return the other differences: source of the samples, seed, versions."""
        return self._differences(other, CIRCUMSTANCES)

    def _differences(self, other: "EvaluationProtocol", names: tuple[str, ...]) -> list[str]:
        found = []
        for name in names:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Mapping):
                keys = [k for k in {**mine, **theirs} if mine.get(k) != theirs.get(k)]
                found += [f"{k} {_short(mine.get(k))} and {_short(theirs.get(k))}" for k in keys]
            elif mine != theirs:
                found.append(f"{WORDS.get(name, name)} {_short(mine)} and {_short(theirs)}")
        return found

    @property
    def compared(self) -> str:
        """Description of the compared images and of the feature extractor, in one line."""
        drawn = f", seed {self.seed}" if self.seed is not None else ""
        whose = f" ({self.generated}{drawn})" if self.generated else ""
        sides = [
            f"{self.n_generated:,} samples{whose}" if self.n_generated else "",
            f"{self.n_real:,} {self.real} {self.split} images" if self.n_real else "",
        ]
        compared = " and ".join(filter(None, sides)) + ("" if self.n_generated else whose)
        space = (
            f"{self.features} {self.weights[:8]}, {self.resize}" if self.weights else self.features
        )
        return f"{compared}, {space}"

    @property
    def details(self) -> str:
        """Settings of the formula and the meaning of the ±, in one line."""
        settings = {**self.settings, **self.chosen}.items()
        return "; ".join(
            filter(None, (", ".join(f"{k} {_short(v)}" for k, v in settings), f"± {self.error}"))
        )

    def __str__(self) -> str:
        """Return the protocol in one line."""
        return f"{self.compared}; {self.details}"


# "error" is here because values with different kinds of ± are still comparable
CIRCUMSTANCES = ("generated", "batch_norm", "seed", "chosen", "error", "versions")
PROTOCOL = tuple(f.name for f in fields(EvaluationProtocol) if f.name not in CIRCUMSTANCES)
WORDS = {
    "n_real": "number of real images", "n_generated": "number of samples", "real": "real data",
    "real_hash": "bytes of the real images", "value_range": "value range", "generated": "samples of",
    "batch_norm": "BatchNorm", "error": "±",
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Value of a metric with its ±, its protocol and notes on its validity."""

    name: str
    """Name in logs and files: fid, fid_classifier, precision, modes."""
    value: float
    sd: float | None
    protocol: EvaluationProtocol
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        key = find_score_key(self.name)
        digits = key.digits if key else 3
        text = f"{self.value:.{digits}f}"
        if self.total is not None:
            return f"{text}/{self.total}"
        return text if self.sd is None else f"{text} ± {self.sd:.{digits}f}"

    @property
    def total(self) -> int | None:
        """Return the number that a count is a part of, such as the number of modes; None for other scores."""
        key = find_score_key(self.name)
        return self.protocol.settings[key.out_of] if key and key.out_of else None

    def row(self, prefix: str = "") -> tuple[str, str, str]:
        """Return name, value and protocol for a table; the value has a star if there are notes."""
        return f"{prefix}{self.name}", f"{self}{' *' if self.notes else ''}", str(self.protocol)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)


def protocol_from_dict(stored: Mapping[str, Any]) -> EvaluationProtocol:
    """Make a protocol from plain values of a file.

    Raises:
        UserError: A field is missing or unknown.
    """
    try:
        return EvaluationProtocol(**stored)
    except TypeError as error:
        reason = str(error).split(") ")[-1]
        raise UserError(f"The file holds no protocol of this version ({reason}).") from error


def _short(value: object) -> str:
    """Format a value; hashes are cut to 8 characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    text = "none" if value is None else str(value)
    return text[:8] if len(text) == 64 and text.isalnum() else text
