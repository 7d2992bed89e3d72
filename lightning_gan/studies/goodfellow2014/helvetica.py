"""Section 6: "the Helvetica scenario", provoked, seen without labels, and undone.

The paper's disadvantage of the framework: "D must be synchronized well with G during training (in particular, G must
not be trained too much without updating D, in order to avoid 'the Helvetica scenario' in which G collapses too many
values of z to the same value of x to have enough diversity to model p_data)".

Criteria. Collapse: of the models that covered more than half of the modes when the rates changed, at least 9 of 10
cover half or fewer at their end (mean of the last four looks), and at most 1 in 10 of the same models whose rates did
not change. Detection: an alarm in at least 9 of 10 runs that truly collapsed, provoked or not, and in at most 1 of 10
runs that were not provoked and did not. Rolling back: more than half of the provoked runs end healthy with it, and
fewer than half without. Intervals are Wilson's, 95 %.

The watcher's limits, and the factor of G's rate after a return, were chosen on seeds 100 to 102; the runs here have
seeds from 0 up.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.helvetica_plot import draw_collapse_arms
from lightning_gan.studies.goodfellow2014.helvetica_training import (
    HEALTHY,
    PROVOKED,
    ROLLED_BACK,
    CollapseArm,
    Scenario,
    digits,
    read_row,
    ring,
    snapshots_of,
)
from lightning_gan.studies.results_cache import Row
from lightning_gan.utils import images

MOST, FEW = 0.9, 0.1


def run(setting: Setting) -> list[Finding]:
    """The ring, and MNIST; in the short version a shorter ring alone, with two seeds and without returns."""
    folder = setting.folder("helvetica")
    if setting.quick:
        return findings(
            replace(setting, seeds=range(2)),
            folder,
            ring(steps=1000, provoked=800),
            [HEALTHY, PROVOKED],
        )
    arms = [HEALTHY, PROVOKED, ROLLED_BACK]
    return [
        found
        for scenario in (ring(), digits(setting.root))
        for found in findings(setting, folder, scenario, arms)
    ]


def findings(
    setting: Setting, folder: Path, scenario: Scenario, arms: Sequence[CollapseArm]
) -> list[Finding]:
    """Play every arm with every seed, and judge."""
    rows = {
        arm.name: [read_row(folder, scenario, arm, seed) for seed in setting.seeds] for arm in arms
    }
    first = setting.seeds[0]
    columns = [(arm, rows[arm.name][0], snapshots_of(folder, scenario, arm, first)) for arm in arms]
    one_image = images.save_image(
        draw_collapse_arms(scenario, columns), folder / f"helvetica_{scenario.name.lower()}.png"
    )
    found = [
        collapse(scenario, rows[HEALTHY.name], rows[PROVOKED.name]),
        detection(scenario, rows[HEALTHY.name], rows[PROVOKED.name]),
        delay(scenario, rows[PROVOKED.name]),
    ]
    if ROLLED_BACK in arms:
        found.append(returns(scenario, rows[PROVOKED.name], rows[ROLLED_BACK.name]))
    return [replace(f, what=f"{scenario.name}: {f.what}", image=one_image) for f in found]


def collapse(scenario: Scenario, healthy: Sequence[Row], provoked: Sequence[Row]) -> Finding:
    """Does a G that is trained too much collapse? By the true number of modes, in models that were healthy before."""
    pairs = [
        (left, changed)
        for left, changed in zip(
            healthy, provoked, strict=True
        )  # the same model until the rates change
        if not scenario.collapsed(changed["modes"][changed["steps"].index(scenario.provoked)])
    ]
    ill = sum(scenario.collapsed(left["end"]) for left, _ in pairs)
    lost = sum(scenario.collapsed(changed["end"]) for _, changed in pairs)
    holds = bool(pairs) and lost >= MOST * len(pairs) and ill <= FEW * len(pairs)
    ours = f"{share(lost, len(pairs))} provoked, {share(ill, len(pairs))} not"
    if pairs:
        modes = [
            format_over_seeds([float(pair[arm]["end"]) for pair in pairs], 1) for arm in (1, 0)
        ]
        ours += f"; modes at the end {modes[0]} against {modes[1]}"
    note = (
        f"provoked: after update {scenario.provoked} of {scenario.steps} G's rate is multiplied by "
        f"{scenario.g_factor:g} and D's by {scenario.d_factor:g}; {scenario.modes // 2} modes of {scenario.modes} or "
        f"fewer are a collapse"
    )
    never = len(provoked) - len(pairs)
    note += f"; left out: {never} models that covered no more before" if never else ""
    return Finding("models that collapse", "G collapses", ours, Verdict.of(holds), note=note)


def detection(scenario: Scenario, healthy: Sequence[Row], provoked: Sequence[Row]) -> Finding:
    """Does the watcher see it, and nothing else? A run counts by what it truly did, whatever was done to it."""
    lost = [r for r in (*healthy, *provoked) if scenario.collapsed(r["end"])]
    sound = [r for r in healthy if not scenario.collapsed(r["end"])]
    seen, false = sum(bool(r["alarms"]) for r in lost), sum(bool(r["alarms"]) for r in sound)
    holds = bool(lost) and seen >= MOST * len(lost) and false <= FEW * len(sound)
    ours = f"{share(seen, len(lost))} of collapsed runs, false alarms {share(false, len(sound))}"
    note = "no labels: duplicates, spread and rank of 256 samples against 256 training examples"
    unprovoked = len(healthy) - len(sound)
    note += f"; {unprovoked} of the collapsed runs were not provoked" if unprovoked else ""
    return Finding("alarms", "", ours, Verdict.of(holds), note=note)


def delay(scenario: Scenario, provoked: Sequence[Row]) -> Finding:
    """How soon does it see it, where G was healthy before?"""
    first = [(r, step) for r in provoked for step in r["alarms"][:1] if step > scenario.provoked]
    what = "updates of G until the alarm"
    if not first:
        return Finding(what, "", "no alarm", Verdict.SHOWN)
    since = [float(step - scenario.provoked) for _, step in first]
    ours = format_over_seeds(since, 0, "after the provocation")
    late = [
        float(step - true) for r, step in first if (true := first_collapse(scenario, r)) is not None
    ]
    if late:
        ours += f"; {format_over_seeds(late, 0, 'after the first look at a true collapse')}"
    return Finding(what, "", ours, Verdict.SHOWN, note="an alarm takes two looks, 50 updates apart")


def first_collapse(scenario: Scenario, found: Row) -> int | None:
    """Step of the first look after the provocation at which G had truly collapsed."""
    looks = zip(found["steps"], found["modes"], strict=True)
    return next(
        (s for s, modes in looks if s > scenario.provoked and scenario.collapsed(modes)), None
    )


def returns(scenario: Scenario, alert: Sequence[Row], back: Sequence[Row]) -> Finding:
    """Does rolling back save the run?"""
    saved = sum(not scenario.collapsed(r["end"]) for r in back)
    alone = sum(not scenario.collapsed(r["end"]) for r in alert)
    holds = 2 * saved > len(back) and 2 * alone < len(alert)
    used = format_over_seeds([float(len(r["alarms"])) for r in back], 1)
    ours = (
        f"{share(saved, len(back))} with RollbackOnCollapse, {share(alone, len(alert))} with Alert"
    )
    note = (
        f"modes at the end {format_over_seeds([r['end'] for r in back], 1)}, returns per run {used}"
    )
    return Finding("provoked runs that end healthy", "", ours, Verdict.of(holds), note=note)


def share(k: int, n: int) -> str:
    """K of n with the interval."""
    low, high = wilson(k, n)
    return f"{k}/{n} ({100 * low:.0f} to {100 * high:.0f} %)"


def wilson(k: int, n: int) -> tuple[float, float]:
    """95 % interval of a probability of which k of n trials came true: Wilson (1927); (0, 1) without trials."""
    from scipy.stats import binomtest  # takes a second to import

    if not n:
        return 0.0, 1.0
    interval = binomtest(k, n).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


CLAIM = Claim(
    "helvetica",
    "sec. 6",
    "a G that is trained too much without updating D collapses; it can be seen without labels, and undone",
    run,
    seconds=46.0,
    quick_seconds=15.0,
    seeds=20,
)
