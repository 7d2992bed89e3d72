"""Protocol protocols: what a score depends on, kept with it, and what may be compared with what."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from typing import Any

from lightning_gan import __version__
from lightning_gan.tracking.metric_keys import find_score_key
from lightning_gan.utils.errors import UserError

LIBRARIES = ("torch", "torchvision", "torchmetrics")


def read_library_versions() -> dict[str, str]:
    """Of the libraries that a score passes through."""
    return {name: version(name) for name in LIBRARIES} | {"lightning-gan": __version__}


@dataclass(frozen=True)
class EvaluationProtocol:
    """Everything that a value depends on, in words that the user reads and a program compares.

    The first fields are the protocol: values whose protocols differ are not comparable. The others say whose value it
    is and how it was drawn: they may differ, and are named when they do.
    """

    metric: str
    features: str
    """Name of the feature space, or `pixels`, or `coordinates`."""
    weights: str
    """Sha256 of the feature network's tensors; empty for pixels."""
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
    """What else the formula needs: splits, subsets, neighbours."""
    error: str
    """What stands behind the ±, or why there is none."""
    generated: str = ""
    """Whose samples: the average of G, G itself, files, a baseline."""
    batch_norm: str = ""
    """Which statistics BatchNorm used, where there is any."""
    seed: int | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """What the protocol chose for this value, such as sigma."""
    precision: str = "float32 features, float64 statistics"
    versions: Mapping[str, str] = field(default_factory=read_library_versions)

    def differences(self, other: "EvaluationProtocol") -> list[str]:
        """In which parts of the protocol two protocols differ; empty if their values may be compared."""
        return self._differences(other, PROTOCOL)

    def circumstances(self, other: "EvaluationProtocol") -> list[str]:
        """In what else they differ: whose samples, which draw, which versions."""
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
        """Which images are compared, and as what, in one line."""
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
        """What else the formula needs, and what the ± is."""
        settings = {**self.settings, **self.chosen}.items()
        return "; ".join(
            filter(None, (", ".join(f"{k} {_short(v)}" for k, v in settings), f"± {self.error}"))
        )

    def __str__(self) -> str:
        """The protocol in one line."""
        return f"{self.compared}; {self.details}"


# the ± is a statement about a value: another way to it makes two values no less comparable
CIRCUMSTANCES = ("generated", "batch_norm", "seed", "chosen", "error", "versions")
PROTOCOL = tuple(f.name for f in fields(EvaluationProtocol) if f.name not in CIRCUMSTANCES)
WORDS = {
    "n_real": "number of real images", "n_generated": "number of samples", "real": "real data",
    "real_hash": "bytes of the real images", "value_range": "value range", "generated": "samples of",
    "batch_norm": "BatchNorm", "error": "±",
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """A value, its uncertainty, what it depends on, and what a reader must know before believing it."""

    name: str
    """As it is logged and stored: fid, fid_classifier, precision, modes."""
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
        """Name, value and protocol, for a table; a star where there are notes."""
        return f"{prefix}{self.name}", f"{self}{' *' if self.notes else ''}", str(self.protocol)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)


def protocol_from_dict(stored: Mapping[str, Any]) -> EvaluationProtocol:
    """The protocol in plain values that a file holds.

    Raises:
        ValueError: if it lacks a part, or holds one that no protocol has.
    """
    try:
        return EvaluationProtocol(**stored)
    except TypeError as error:
        reason = str(error).split(") ")[-1]
        raise UserError(f"No protocol of this suite ({reason}).") from error


def _short(value: object) -> str:
    """As the user would write it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    text = "none" if value is None else str(value)
    return text[:8] if len(text) == 64 and text.isalnum() else text
