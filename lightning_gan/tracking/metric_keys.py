"""Every curve that a run writes: its key, unit and meaning, and the panel it lies in.

One table, read by the README's test, the pages (`lightning_gan.reports`) and the W&B dashboard
(`lightning_gan.reports.wandb_workspace`). All curves lie over the same axis, `STEP`: updates of G.
In a key, `{stage}` stands for
val and test, `{space}` for the feature space that a score was taken in: nothing for Inception, whose names are the
field's own, or `_classifier`, `_dinov2`.
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


@dataclass(frozen=True)
class Panel:
    """One drawing of curves that share a unit.

    Attributes:
        name: what a key calls it.
        section: of the dashboard.
        title: with the unit.
        lines: values to compare with, each with its label.
    """

    name: str
    section: str
    title: str
    lines: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Key:
    """One curve, or a family of them that differ in stage or feature space.

    Attributes:
        name: in metrics.csv and on W&B.
        panel: that it is drawn in; a ± is drawn around its own value instead.
        unit: of its values; empty for shares, counts and scores without one.
        meaning: in one sentence.
        better: lower or higher, for scores.
        error_of: the key whose ± this is.
        digits: digits behind the decimal point of a score.
        out_of: setting of the protocol that a count is a part of.
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
        """Whether a logged key is this one."""
        return bool(_pattern(self.name).fullmatch(key))

    @property
    def written(self) -> list[str]:
        """The keys that it stands for, in the suite's own feature spaces."""
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
    Panel("answers", "Training", "D's answers", ((0.5, "1/2"),)),
    Panel("losses", "Training", "losses, nats"),
    Panel("classes", "Training", "cross entropy of classes, nats"),
    Panel("parzen", "Scores", "Parzen log-likelihood, nats"),
    Panel("fid", "Scores", "Fréchet distance (FID)"),
    Panel("is", "Scores", "Inception Score"),
    Panel("kid", "Scores", "kernel distance (KID)"),
    Panel("error", "Scores", "classification error"),
    Panel("modes", "Diversity", "modes covered"),
    Panel("high_quality", "Diversity", "share of high quality"),
    Panel("reverse_kl", "Diversity", "reverse KL of modes, nats"),
    Panel("fidelity", "Diversity", "precision and density"),
    Panel("coverage", "Diversity", "recall and coverage"),
    Panel("spread", "Diversity", "spread and rank of samples, of the data's", ((1.0, "the data"),)),
    Panel("duplicates", "Diversity", "pairs that coincide, of the data's", ((1.0, "the data"),)),
    Panel("jacobian", "Diversity", "effective rank of dG/dz"),
    Panel("rates", "Health", "learning rates"),
    Panel("gradients", "Health", "norms of gradients"),
    Panel("penalties", "Health", "regularisers of D"),
    Panel("alarms", "Health", "alarms of collapse"),
    Panel("seen", "Speed", "examples shown to D"),
    Panel("batch", "Speed", "examples in an update"),
)
KEYS = (
    Key("train/value", "value", "nats", "V(D, G) = E log D(x) + E log(1 - D(G(z))); -log 4 at the equilibrium"),
    Key("{stage}/value", "value", "nats", "the same on held-out examples, in evaluation mode"),
    Key("train/d_x", "answers", "", "mean of D(x); 1/2 at the equilibrium"),
    Key("train/d_gz", "answers", "", "mean of D(G(z)); 1/2 at the equilibrium"),
    Key("{stage}/d_x", "answers", "", "mean of D(x) on held-out examples, in evaluation mode"),
    Key("{stage}/d_gz", "answers", "", "mean of D(G(z)), in evaluation mode"),
    Key("train/d_loss", "losses", "nats", "what D descends"),
    Key("train/g_loss", "losses", "nats", "what G descends"),
    Key("train/class_loss", "classes", "nats", "cross entropy of D's classes, without its weight"),
    Key("train/g_class_loss", "classes", "nats", "the same of samples, as G meets it"),
    Key("{stage}/parzen_nats", "parzen", "nats", "Parzen-window log-likelihood", "higher", digits=1),
    Key("{stage}/parzen_se", "", "nats", "its standard error over images", error_of="{stage}/parzen_nats"),
    Key("{stage}/parzen_sigma", "", "pixels", "the sigma that validation images chose"),
    Key("{stage}/parzen_n", "", "images", "how many images were scored"),
    Key("{stage}/fid{space}", "fid", "", "Fréchet distance of samples and real images", "lower"),
    Key("{stage}/inception_score", "is", "", "Inception Score of samples", "higher"),
    Key("{stage}/inception_score_sd", "", "", "its standard deviation over splits", error_of="{stage}/inception_score"),
    Key("{stage}/is{space}", "is", "", "the same in the space of another classifier", "higher"),
    Key("{stage}/is{space}_sd", "", "", "its standard deviation over splits", error_of="{stage}/is{space}"),
    Key("{stage}/kid{space}", "kid", "", "kernel distance of samples and real images", "lower", digits=5),
    Key("{stage}/kid{space}_sd", "", "", "its standard deviation over subsets", error_of="{stage}/kid{space}"),
    Key("{stage}/classification_error", "error", "", "share of held-out examples that D names wrongly", "lower"),
    Key("{stage}/modes", "modes", "modes", "modes with at least one good sample", "higher", digits=0, out_of="modes"),
    Key("{stage}/high_quality", "high_quality", "", "share of samples near a mode", "higher"),
    Key("{stage}/high_quality_se", "", "", "its standard error over samples", error_of="{stage}/high_quality"),
    Key("{stage}/reverse_kl", "reverse_kl", "nats", "KL of the modes of good samples from uniform", "lower"),
    Key("{stage}/precision{space}", "fidelity", "", "share of samples within the real images' balls", "higher"),
    Key("{stage}/density{space}", "fidelity", "", "real balls that a sample lies in, over their k", "higher"),
    Key("{stage}/recall{space}", "coverage", "", "share of real images within the samples' balls", "higher"),
    Key("{stage}/coverage{space}", "coverage", "", "share of real images whose ball holds a sample", "higher"),
    Key("{stage}/f_score{space}", "coverage", "", "harmonic mean of precision and recall", "higher"),
    Key("collapse/distance_ratio", "spread", "", "mean distance of two samples, in units of the data's", "higher"),
    Key("collapse/rank_ratio", "spread", "",
    "effective rank of the samples' covariance, in units of the data's", "higher"),
    Key("collapse/duplicate_ratio", "duplicates", "", "how much oftener than pairs of data, pairs of samples coincide"),
    Key("collapse/jacobian_rank", "jacobian", "", "mean effective rank of dG/dz, at most z_dim"),
    Key("collapse/alarms", "alarms", "alarms", "collapses seen so far"),
    Key("train/gradient_penalty", "penalties", "that of the loss", "the penalty with its weight"),
    Key("train/r1", "penalties", "that of the loss", "gamma / 2 times D's mean squared slope at examples"),
    Key("train/r2", "penalties", "that of the loss", "gamma / 2 times D's mean squared slope at samples"),
    Key("train/d_grad_norm", "gradients", "", "norm of D's gradient before clipping, at the last step of the interval"),
    Key("train/g_grad_norm", "gradients", "", "the same of G's"),
    Key("lr/d", "rates", "", "D's learning rate in force"),
    Key("lr/g", "rates", "", "G's learning rate in force"),
    Key("progress/images_seen", "seen", "examples", "examples shown to D: k minibatches for each step"),
    Key("progress/batch_size", "batch", "examples", "examples in an update, of all devices and all accumulated parts"),
)  # fmt: skip
MEDIA = {
    "images/samples": "samples of the same noise over training",
    "images/points": "samples of the same noise over the data, during training",
    "images/densities": "p_data, p_g and D on the line, during training",
    "images/nearest_neighbours": "samples, and in the last column the nearest training example",
    "images/curves": "the run's curves as one image",
    "animations/training": "the samples, one step after the other",
    "animations/points": "the points, one step after the other",
    "animations/densities": "the densities, one step after the other",
}
AXES = ("step", "epoch", "trainer/global_step", "_runtime")


def find_key(key: str) -> Key | None:
    """What the table says of a logged key; none if it does not know it.

    Example:
        >>> find_key("val/fid_classifier").better
        'lower'
        >>> find_key("test/kid_sd").error_of
        '{stage}/kid{space}'
    """
    return next((known for known in KEYS if known.matches(key)), None)


def find_error_key(key: str) -> str | None:
    """The key of a value's ±; none where it has none.

    Example:
        >>> find_error_key("val/parzen_nats"), find_error_key("val/kid_classifier"), find_error_key("val/fid")
        ('val/parzen_se', 'val/kid_classifier_sd', None)
    """
    own = find_key(key)
    beside = next((k for k in KEYS if own and k.error_of == own.name), None)
    found = _pattern(own.name).fullmatch(key) if own and beside else None
    return beside.name.format(**found.groupdict()) if beside and found else None


def find_score_key(name: str) -> Key | None:
    """What the table says of a score in scores.json, which is named without its stage."""
    return find_key(f"test/{name}")


def list_keys_in_panel(panel: Panel) -> Iterator[Key]:
    """The keys that are drawn there."""
    return (key for key in KEYS if key.panel == panel.name)
