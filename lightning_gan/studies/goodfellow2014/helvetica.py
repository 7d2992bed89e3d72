"""Section 6: mode collapse, "the Helvetica scenario": provoked, detected without labels, and reversed.

"D must be synchronized well with G during training (in particular, G must not be trained too much without updating D,
in order to avoid 'the Helvetica scenario' in which G collapses too many values of z to the same value of x to have
enough diversity to model p_data)".

Criteria. Collapse: of the models that covered more than half of the modes when the learning rates changed, at least
90 % cover half or fewer at the end (mean of the last four measurements), and at most 10 % of the same models without
the change. Detection: an alarm in at least 90 % of the collapsed runs, provoked or not, and in at most 10 % of the runs
that were not provoked and did not collapse. Rollback: more than half of the provoked runs do not collapse with it, and
fewer than half without. Intervals are 95 % Wilson intervals.

The limits of the monitor and the factor of G's rate after a rollback were chosen on seeds 100 to 102; the runs here
have seeds from 0 up.
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
    CollapseScenario,
    make_digits_scenario,
    make_ring_scenario,
    make_snapshot_path,
    run_or_read,
)
from lightning_gan.studies.results_cache import CachedRow
from lightning_gan.utils import images

MOST, FEW = 0.9, 0.1


def run(setting: Setting) -> list[Finding]:
    """Judge ring and MNIST; the short version has a shorter ring with two seeds and without rollback."""
    folder = setting.make_folder("helvetica")
    if setting.quick:
        return judge_scenario(
            replace(setting, seeds=range(2)),
            folder,
            make_ring_scenario(steps=1000, provoked=800),
            [HEALTHY, PROVOKED],
        )
    arms = [HEALTHY, PROVOKED, ROLLED_BACK]
    return [
        found
        for scenario in (make_ring_scenario(), make_digits_scenario(setting.root))
        for found in judge_scenario(setting, folder, scenario, arms)
    ]


def judge_scenario(
    setting: Setting, folder: Path, scenario: CollapseScenario, arms: Sequence[CollapseArm]
) -> list[Finding]:
    """Run every arm with every seed, and judge collapse, detection and rollback."""
    rows = {
        arm.name: [run_or_read(folder, scenario, arm, seed) for seed in setting.seeds]
        for arm in arms
    }
    first = setting.seeds[0]
    columns = [
        (arm, rows[arm.name][0], make_snapshot_path(folder, scenario, arm, first)) for arm in arms
    ]
    one_image = images.save_image(
        draw_collapse_arms(scenario, columns), folder / f"helvetica_{scenario.name.lower()}.png"
    )
    found = [
        judge_collapse(scenario, rows[HEALTHY.name], rows[PROVOKED.name]),
        judge_detection(scenario, rows[HEALTHY.name], rows[PROVOKED.name]),
        measure_delay(scenario, rows[PROVOKED.name]),
    ]
    if ROLLED_BACK in arms:
        found.append(judge_rollback(scenario, rows[PROVOKED.name], rows[ROLLED_BACK.name]))
    return [replace(f, quantity=f"{scenario.name}: {f.quantity}", image=one_image) for f in found]


def judge_collapse(
    scenario: CollapseScenario, healthy: Sequence[CachedRow], provoked: Sequence[CachedRow]
) -> Finding:
    """Judge whether G collapses after the change of rates, in models that had not collapsed before."""
    pairs = [
        (unchanged, changed)
        for unchanged, changed in zip(
            healthy, provoked, strict=True
        )  # the same model until the rates change
        if not scenario.collapsed(changed["modes"][changed["steps"].index(scenario.provoked)])
    ]
    unprovoked = sum(scenario.collapsed(unchanged["end"]) for unchanged, _ in pairs)
    collapsed = sum(scenario.collapsed(changed["end"]) for _, changed in pairs)
    holds = bool(pairs) and collapsed >= MOST * len(pairs) and unprovoked <= FEW * len(pairs)
    result = f"{format_share(collapsed, len(pairs))} provoked, {format_share(unprovoked, len(pairs))} not"
    if pairs:
        modes = [
            format_over_seeds([float(pair[arm]["end"]) for pair in pairs], 1) for arm in (1, 0)
        ]
        result += f"; modes at the end {modes[0]} and {modes[1]}"
    note = (
        f"provoked: after update {scenario.provoked} of {scenario.steps} the rate of G is multiplied by "
        f"{scenario.g_factor:g} and that of D by {scenario.d_factor:g}; collapse: at most {scenario.modes // 2} of "
        f"{scenario.modes} modes"
    )
    excluded = len(provoked) - len(pairs)
    note += f"; excluded: {excluded} models that had collapsed before" if excluded else ""
    return Finding(
        "models that collapse", "G collapses", result, Verdict.from_bool(holds), note=note
    )


def judge_detection(
    scenario: CollapseScenario, healthy: Sequence[CachedRow], provoked: Sequence[CachedRow]
) -> Finding:
    """Judge whether the monitor detects collapsed runs, and gives no alarm in others."""
    collapsed = [r for r in (*healthy, *provoked) if scenario.collapsed(r["end"])]
    healthy_runs = [r for r in healthy if not scenario.collapsed(r["end"])]
    detected, false = (sum(bool(r["alarms"]) for r in runs) for runs in (collapsed, healthy_runs))
    holds = (
        bool(collapsed) and detected >= MOST * len(collapsed) and false <= FEW * len(healthy_runs)
    )
    result = (
        f"{format_share(detected, len(collapsed))} of collapsed runs, false alarms "
        f"{format_share(false, len(healthy_runs))}"
    )
    note = "without labels: duplicates, spread and rank of 256 samples compared with 256 training images"
    unprovoked = len(healthy) - len(healthy_runs)
    note += f"; {unprovoked} of the collapsed runs were not provoked" if unprovoked else ""
    return Finding("alarms", "", result, Verdict.from_bool(holds), note=note)


def measure_delay(scenario: CollapseScenario, provoked: Sequence[CachedRow]) -> Finding:
    """Measure the number of updates of G until the alarm, in runs that had no alarm before."""
    first = [(r, step) for r in provoked for step in r["alarms"][:1] if step > scenario.provoked]
    quantity = "updates of G until the alarm"
    if not first:
        return Finding(quantity, "", "no alarm", Verdict.SHOWN)
    since = [float(step - scenario.provoked) for _, step in first]
    result = format_over_seeds(since, 0, "after the provocation")
    late = [
        float(step - true)
        for r, step in first
        if (true := find_first_collapse(scenario, r)) is not None
    ]
    if late:
        result += f"; {format_over_seeds(late, 0, 'after the first collapsed measurement')}"
    return Finding(
        quantity,
        "",
        result,
        Verdict.SHOWN,
        note="an alarm takes two measurements, 50 updates apart",
    )


def find_first_collapse(scenario: CollapseScenario, found: CachedRow) -> int | None:
    """Find the step of the first measurement after the provocation at which G had collapsed."""
    measurements = zip(found["steps"], found["modes"], strict=True)
    return next(
        (s for s, modes in measurements if s > scenario.provoked and scenario.collapsed(modes)),
        None,
    )


def judge_rollback(
    scenario: CollapseScenario, warned: Sequence[CachedRow], rolled_back: Sequence[CachedRow]
) -> Finding:
    """Judge whether provoked runs end without collapse with rollback, and collapse without it."""
    saved = sum(not scenario.collapsed(r["end"]) for r in rolled_back)
    without = sum(not scenario.collapsed(r["end"]) for r in warned)
    holds = 2 * saved > len(rolled_back) and 2 * without < len(warned)
    rollbacks = format_over_seeds([float(len(r["alarms"])) for r in rolled_back], 1)
    result = (
        f"{format_share(saved, len(rolled_back))} with RollbackOnCollapse, "
        f"{format_share(without, len(warned))} with WarnOnCollapse"
    )
    note = f"modes at the end {format_over_seeds([r['end'] for r in rolled_back], 1)}, rollbacks per run {rollbacks}"
    return Finding(
        "provoked runs that do not collapse", "", result, Verdict.from_bool(holds), note=note
    )


def format_share(k: int, n: int) -> str:
    """Format k of n with its interval."""
    low, high = compute_wilson_interval(k, n)
    return f"{k}/{n} ({100 * low:.0f} to {100 * high:.0f} %)"


def compute_wilson_interval(k: int, n: int) -> tuple[float, float]:
    """Compute the 95 % interval of Wilson (1927) of a probability from k of n trials; (0, 1) without trials."""
    from scipy.stats import binomtest  # takes a second to import

    if not n:
        return 0.0, 1.0
    interval = binomtest(k, n).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


CLAIM = Claim(
    "helvetica",
    "sec. 6",
    "a G that is trained too much without updating D collapses; this can be detected without labels and reversed",
    run,
    seconds=46.0,
    quick_seconds=15.0,
    seeds=20,
)
