"""What the watcher saw of a healthy run, of a provoked one, and of one that was rolled back."""

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
    Scenario,
    make_monitor,
)
from lightning_gan.studies.results_cache import Row
from lightning_gan.utils.images import make_image_grid, to_uint8

MOMENTS = 3  # samples are shown at so many looks, the first of them before the provocation

SIDE = 4  # of the grid of digits


def draw_collapse_arms(scenario: Scenario, arms: Sequence[tuple[CollapseArm, Row, Path]]) -> Tensor:
    """A column for each arm: modes, the three indicators with their limits, samples. Bytes [3, H, W].

    Args:
        scenario: of all columns.
        arms: with a row of each, and the file of its samples.
    """
    figure = Figure(figsize=(3.6 * len(arms), 8.2), layout="constrained", dpi=80)
    above, below = cast(Any, figure.subfigures(2, 1, height_ratios=(4.6, 1.0)))
    axes = above.subplots(4, len(arms), sharex="col", sharey="row", squeeze=False)
    shown = below.subplots(1, len(arms) * MOMENTS, squeeze=False)[0]
    for column, (arm, row, samples) in enumerate(arms):
        _indicators(axes[:, column], scenario, arm, row)
        _samples(shown[column * MOMENTS :], scenario, samples)
    names = ("modes covered", "duplicates", "spread", "rank")
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.set_ylabel(name)
    handles, labels = axes[0, -1].get_legend_handles_labels()
    message = dict(
        zip(labels, handles, strict=True)
    )  # each once, though there may be several alarms
    above.legend(
        message.values(), message, loc="outside upper center", ncols=len(message), frameon=False
    )
    return render_figure(figure)


def _indicators(axes: Any, scenario: Scenario, arm: CollapseArm, row: Row) -> None:
    trained = [
        EVERY * (i + 1) for i in range(len(row["steps"]))
    ]  # a step that was taken back was trained all the same
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
        ax.axvspan(0, scenario.start - EVERY / 2, color="0.93", lw=0, label="not judged yet")
        if arm.provoked:
            ax.axvline(scenario.provoked, color="tab:orange", lw=1.5, label="provoked")
        for place in _alarms(row):
            ax.axvline(trained[place], color="tab:red", lw=1.5, label="alarm")


def _alarms(row: Row) -> list[int]:
    """Places among the looks at which an alarm was given."""
    places, after = [], 0
    for step in row["alarms"]:
        after = row["steps"].index(step, after)
        places.append(after)
        after += 1
    return places


def _samples(axes: Any, scenario: Scenario, path: Path) -> None:
    """Samples before the provocation, two looks after it, and at the end."""
    samples = torch.load(path, weights_only=True)
    before, last = scenario.provoked // EVERY - 1, len(samples) - 1
    for ax, place in zip(axes, (before, min(before + 2, last), last), strict=False):
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{EVERY * (place + 1)} updates", fontsize=8)
        if samples.dim() == 3:  # points of the plane
            ax.scatter(*samples[place].T, s=2, color="tab:blue")
            ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        else:
            ax.imshow(
                make_image_grid(to_uint8(samples[place][: SIDE**2], (0, 1)), SIDE, gap=1).permute(
                    1, 2, 0
                )
            )
