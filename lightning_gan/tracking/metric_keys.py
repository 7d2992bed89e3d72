"""Table of all curves that a run writes (key, unit, meaning, panel), and of the metrics behind the scores.

The reports, the W&B workspace and the documentation read it. The x axis of every curve is `STEP`,
the number of updates of G. In a key, `{stage}` stands for val or test, and `{space}` for the suffix
of the feature space: empty for Inception, else such as `_classifier` or `_dinov2`.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

STEP = "step (updates of G)"
STAGES = ("val", "test")
SPACES = ("", "_classifier", "_dinov2")
SECTIONS = ("Training", "Samples", "Scores", "Diversity", "Health", "Speed")
FEATURE_METRICS = {  # name in `evaluate --metrics`: class, imported when it is used
    "fid": "lightning_gan.evaluation.feature_metrics.FIDMetric",
    "is": "lightning_gan.evaluation.feature_metrics.InceptionScoreMetric",
    "kid": "lightning_gan.evaluation.feature_metrics.KIDMetric",
    "pr": "lightning_gan.evaluation.feature_metrics.PrecisionRecallMetric",
}


@dataclass(frozen=True)
class Panel:
    """Plot of curves with a common unit.

    Attributes:
        name: Name that keys refer to.
        section: Section of the report.
        title: Title, with the unit.
        lines: Reference values, each with its label.
    """

    name: str
    section: str
    title: str
    lines: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Key:
    """Key of a curve, or of a family of curves that differ in stage or feature space.

    Attributes:
        name: Column in metrics.csv and name on W&B.
        panel: Name of the panel that draws the curve; empty for a ±, which is drawn around its value.
        unit: Unit of the values; empty for shares, counts and scores without a unit.
        meaning: Meaning, in one phrase.
        better: "lower" or "higher" for scores; else empty.
        error_of: Key whose ± this is.
        digits: Number of decimal places of a score.
        out_of: Protocol setting with the total of which a count is a part.
    """

    name: str
    panel: str
    unit: str
    meaning: str
    better: str = ""
    error_of: str = ""
    digits: int = 3
    out_of: str = ""

    def matches(self, key: str) -> bool:
        """Whether a logged key belongs to this entry."""
        return bool(_pattern(self.name).fullmatch(key))

    @property
    def written(self) -> list[str]:
        """Logged keys of this entry, in the suite's own feature spaces."""
        stages = STAGES if "{stage}" in self.name else ("",)
        spaces = SPACES if "{space}" in self.name else ("",)
        names = [self.name.format(stage=a, space=b) for a, b in product(stages, spaces)]
        return [name for name in names if not re.fullmatch(r"\w+/is(_sd)?", name)]


@lru_cache
def _pattern(name: str) -> re.Pattern[str]:
    text = re.escape(name).replace(r"\{stage\}", f"(?P<stage>{'|'.join(STAGES)})")
    return re.compile(text.replace(r"\{space\}", r"(?P<space>(?:_(?!sd$|sd_|se$)[a-z0-9]+)?)"))


PANELS = (
    Panel("value", "Training", "value V(D, G), nats", ((-math.log(4), "-log 4"),)),
    Panel("answers", "Training", "D(x) and D(G(z))", ((0.5, "1/2"),)),
    Panel("losses", "Training", "losses, nats"),
    Panel("classes", "Training", "cross entropy of classes, nats"),
    Panel("translation", "Training", "L1 errors of translation"),
    Panel("parzen", "Scores", "Parzen log-likelihood, nats"),
    Panel("fid", "Scores", "Fréchet distance (FID)"),
    Panel("is", "Scores", "Inception Score"),
    Panel("kid", "Scores", "kernel distance (KID)"),
    Panel("error", "Scores", "classification error"),
    Panel("modes", "Diversity", "modes covered"),
    Panel("high_quality", "Diversity", "share of high-quality samples"),
    Panel("reverse_kl", "Diversity", "reverse KL of modes, nats"),
    Panel("fidelity", "Diversity", "precision and density"),
    Panel("coverage", "Diversity", "recall and coverage"),
    Panel("spread", "Diversity", "distance and rank, samples / real data", ((1.0, "real data"),)),
    Panel("duplicates", "Diversity", "duplicate pairs, samples / real data", ((1.0, "real data"),)),
    Panel("jacobian", "Diversity", "effective rank of dG/dz"),
    Panel("rates", "Health", "learning rates"),
    Panel("gradients", "Health", "gradient norms"),
    Panel("penalties", "Health", "regularizers of D"),
    Panel("alarms", "Health", "mode collapse alarms"),
    Panel("seen", "Speed", "real images seen by D"),
    Panel("batch", "Speed", "effective batch size"),
)
KEYS = (
    Key("train/value", "value", "nats", "V(D, G) = E log D(x) + E log(1 - D(G(z))); -log 4 at the equilibrium"),
    Key("{stage}/value", "value", "nats", "V(D, G) on held-out data, in evaluation mode"),
    Key("train/d_x", "answers", "", "mean of D(x); 1/2 at the equilibrium"),
    Key("train/d_gz", "answers", "", "mean of D(G(z)); 1/2 at the equilibrium"),
    Key("{stage}/d_x", "answers", "", "mean of D(x) on held-out data, in evaluation mode"),
    Key("{stage}/d_gz", "answers", "", "mean of D(G(z)), in evaluation mode"),
    Key("train/d_loss", "losses", "nats", "loss of D"),
    Key("train/g_loss", "losses", "nats", "loss of G"),
    Key("train/class_loss", "classes", "nats", "cross entropy of D's classes, without its weight"),
    Key("train/g_class_loss", "classes", "nats", "cross entropy of the classes of samples, in the loss of G"),
    Key("train/cycle_a", "translation", "", "mean of |F(G(a)) - a| over pixels, without its weight"),
    Key("train/cycle_b", "translation", "", "mean of |G(F(b)) - b|, without its weight"),
    Key("train/identity_a", "translation", "", "mean of |F(a) - a|, without its weight"),
    Key("train/identity_b", "translation", "", "mean of |G(b) - b|, without its weight"),
    Key("{stage}/cycle_a", "translation", "", "mean of |F(G(a)) - a| on held-out images, in evaluation mode"),
    Key("{stage}/cycle_b", "translation", "", "mean of |G(F(b)) - b| on held-out images, in evaluation mode"),
    Key("{stage}/l1_a", "translation", "", "mean distance of F(b) from b's true partner, where it is known", "lower"),
    Key("{stage}/l1_b", "translation", "", "mean distance of G(a) from a's true partner, where it is known", "lower"),
    Key("{stage}/parzen_nats", "parzen", "nats", "Parzen-window log-likelihood", "higher", digits=1),
    Key("{stage}/parzen_se", "", "nats", "standard error over images", error_of="{stage}/parzen_nats"),
    Key("{stage}/parzen_sigma", "", "pixels", "sigma, chosen on validation images"),
    Key("{stage}/parzen_n", "", "images", "number of images that were scored"),
    Key("{stage}/fid{space}", "fid", "", "Fréchet distance of samples and real images", "lower"),
    Key("{stage}/inception_score", "is", "", "Inception Score of samples", "higher"),
    Key("{stage}/inception_score_sd", "", "", "standard deviation over splits", error_of="{stage}/inception_score"),
    Key("{stage}/is{space}", "is", "", "Inception Score with another classifier", "higher"),
    Key("{stage}/is{space}_sd", "", "", "standard deviation over splits", error_of="{stage}/is{space}"),
    Key("{stage}/kid{space}", "kid", "", "kernel distance of samples and real images", "lower", digits=5),
    Key("{stage}/kid{space}_sd", "", "", "standard deviation over subsets", error_of="{stage}/kid{space}"),
    Key("{stage}/classification_error", "error", "", "share of held-out images that D classifies wrongly", "lower"),
    Key("{stage}/modes", "modes", "modes", "modes with a high-quality sample", "higher", digits=0, out_of="modes"),
    Key("{stage}/high_quality", "high_quality", "", "share of samples near a mode", "higher"),
    Key("{stage}/high_quality_se", "", "", "standard error over samples", error_of="{stage}/high_quality"),
    Key("{stage}/reverse_kl", "reverse_kl", "nats", "KL of the modes of high-quality samples from uniform", "lower"),
    Key("{stage}/precision{space}", "fidelity", "", "share of samples inside the ball of a real image", "higher"),
    Key("{stage}/density{space}", "fidelity", "", "mean number of real balls around a sample, divided by k", "higher"),
    Key("{stage}/recall{space}", "coverage", "", "share of real images inside the ball of a sample", "higher"),
    Key("{stage}/coverage{space}", "coverage", "", "share of real images with a sample inside their ball", "higher"),
    Key("{stage}/f_score{space}", "coverage", "", "harmonic mean of precision and recall", "higher"),
    Key("collapse/distance_ratio", "spread", "", "mean distance of two samples, relative to real data", "higher"),
    Key("collapse/rank_ratio", "spread", "",
    "effective rank of the samples' covariance, relative to real data", "higher"),
    Key("collapse/duplicate_ratio", "duplicates", "", "share of duplicate pairs, relative to real data"),
    Key("collapse/jacobian_rank", "jacobian", "", "mean effective rank of dG/dz, at most z_dim"),
    Key("collapse/alarms", "alarms", "alarms", "number of mode collapses detected so far"),
    Key("train/gradient_penalty", "penalties", "that of the loss", "gradient penalty with its weight"),
    Key("train/r1", "penalties", "that of the loss", "gamma / 2 times D's mean squared gradient norm at real images"),
    Key("train/r2", "penalties", "that of the loss", "gamma / 2 times D's mean squared gradient norm at samples"),
    Key("train/d_grad_norm", "gradients", "", "norm of D's gradient before clipping, at the last logged step"),
    Key("train/g_grad_norm", "gradients", "", "norm of G's gradient, likewise"),
    Key("lr/d", "rates", "", "current learning rate of D"),
    Key("lr/g", "rates", "", "current learning rate of G"),
    Key("progress/images_seen", "seen", "images", "real images seen by D: k minibatches in each step"),
    Key("progress/batch_size", "batch", "images", "images in an update, over all devices and accumulated microbatches"),
)  # fmt: skip
MEDIA = {
    "images/samples": "samples from the same noise at each step",
    "images/points": "samples from the same noise over the data, at each step",
    "images/densities": "p_data, p_g and D in one dimension, at each step",
    "images/nearest_neighbours": "samples; the last column shows the nearest training images",
    "images/curves": "curves of the run as one image",
    "animations/training": "samples over the course of training",
    "animations/points": "points over the course of training",
    "animations/densities": "densities over the course of training",
}
AXES = ("step", "epoch", "trainer/global_step", "_runtime")


def find_key(key: str) -> Key | None:
    """Return the entry of a logged key; None if the table has none.

    Example:
        >>> find_key("val/fid_classifier").better
        'lower'
        >>> find_key("test/kid_sd").error_of
        '{stage}/kid{space}'
    """
    return next((known for known in KEYS if known.matches(key)), None)


def find_error_key(key: str) -> str | None:
    """Return the key of the ± of a value; None if the value has none.

    Example:
        >>> find_error_key("val/parzen_nats"), find_error_key("val/kid_classifier"), find_error_key("val/fid")
        ('val/parzen_se', 'val/kid_classifier_sd', None)
    """
    own = find_key(key)
    error = next((k for k in KEYS if own and k.error_of == own.name), None)
    found = _pattern(own.name).fullmatch(key) if own and error else None
    return error.name.format(**found.groupdict()) if error and found else None


def find_score_key(name: str) -> Key | None:
    """Return the entry of a score in scores.json, whose name has no stage."""
    return find_key(f"test/{name}")


def list_keys_in_panel(panel: Panel) -> Iterator[Key]:
    """Return the keys whose curves a panel draws."""
    return (key for key in KEYS if key.panel == panel.name)
