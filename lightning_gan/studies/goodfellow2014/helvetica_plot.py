"""Image of mode collapse: modes, indicators and samples of a run of each arm."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting.figures import render_figure
from lightning_gan.studies.goodfellow2014.helvetica_training import (
    EVERY,
    CollapseArm,
    CollapseScenario,
    make_monitor,
)
from lightning_gan.studies.results_cache import CachedRow
from lightning_gan.utils.images import make_image_grid, to_uint8

MOMENTS = 3  # measurements whose samples are shown; the first one is before the provocation

SIDE = 4  # of the grid of digits


def draw_collapse_arms(
    scenario: CollapseScenario, arms: Sequence[tuple[CollapseArm, CachedRow, Path]]
) -> Tensor:
    """Draw modes, the three indicators with their limits, and samples, with a column for each arm.

    Args:
        scenario: Scenario of all arms.
        arms: Arms, each with the row of a run and the file of its samples.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(3.6 * len(arms), 8.2), layout="constrained", dpi=80)
    above, below = cast(Any, figure.subfigures(2, 1, height_ratios=(4.6, 1.0)))
    axes = above.subplots(4, len(arms), sharex="col", sharey="row", squeeze=False)
    shown = below.subplots(1, len(arms) * MOMENTS, squeeze=False)[0]
    for column, (arm, row, samples) in enumerate(arms):
        _draw_indicators(axes[:, column], scenario, arm, row)
        _draw_samples(shown[column * MOMENTS :], scenario, samples)
    names = ("modes covered", "duplicates", "spread", "rank")
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.set_ylabel(name)
    handles, labels = axes[0, -1].get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))  # one entry for all alarms
    above.legend(
        by_label.values(), by_label, loc="outside upper center", ncols=len(by_label), frameon=False
    )
    return render_figure(figure)


def _draw_indicators(
    axes: Any, scenario: CollapseScenario, arm: CollapseArm, row: CachedRow
) -> None:
    trained = [
        EVERY * (i + 1) for i in range(len(row["steps"]))
    ]  # includes steps that were rolled back
    limits = make_monitor(scenario, arm)
    axes[0].plot(trained, row["modes"], color="black")
    axes[0].axhline(scenario.modes / 2, color="grey", ls=":", lw=1, label="half of the modes")
    axes[0].set(title=arm.name, ylim=(0, scenario.modes + 0.5))
    for ax, name, limit in (
        (axes[1], "duplicates", limits.most_duplicates),
        (axes[2], "spread", limits.least_spread),
        (axes[3], "rank", limits.least_rank),
    ):
        ax.plot(trained, row[name], color="tab:blue")
        ax.axhline(limit, color="tab:red", ls=":", lw=1)
    axes[0].plot([], [], color="tab:red", ls=":", lw=1, label="limit")
    axes[1].set_yscale("symlog", linthresh=1)
    axes[1].set_ylim(bottom=0)
    axes[3].set_xlabel("updates of G trained")
    for ax in axes:
        ax.axvspan(0, scenario.start - EVERY / 2, color="0.93", lw=0, label="before start")
        if arm.provoked:
            ax.axvline(scenario.provoked, color="tab:orange", lw=1.5, label="provoked")
        for i in _find_alarms(row):
            ax.axvline(trained[i], color="tab:red", lw=1.5, label="alarm")


def _find_alarms(row: CachedRow) -> list[int]:
    """Find the indices of the measurements with an alarm."""
    indices, after = [], 0
    for step in row["alarms"]:
        after = row["steps"].index(step, after)
        indices.append(after)
        after += 1
    return indices


def _draw_samples(axes: Any, scenario: CollapseScenario, path: Path) -> None:
    """Draw samples before the provocation, two measurements after it, and at the end."""
    samples = torch.load(path, weights_only=True)
    before, last = scenario.provoked // EVERY - 1, len(samples) - 1
    for ax, i in zip(axes, (before, min(before + 2, last), last), strict=False):
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{EVERY * (i + 1)} updates", fontsize=8)
        if samples.dim() == 3:  # points in the plane
            ax.scatter(*samples[i].T, s=2, color="tab:blue")
            ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        else:
            ax.imshow(
                make_image_grid(to_uint8(samples[i][: SIDE**2], (0, 1)), SIDE, gap=1).permute(
                    1, 2, 0
                )
            )
