"""W&B workspace with a panel for every metric key, defined in code."""

import os
from typing import Any

from lightning_gan.tracking import metric_keys
from lightning_gan.utils.errors import UserError

STEP_KEY = "trainer/global_step"
SECONDS_KEY = "_runtime"
OPEN_SECTIONS = ("Training", "Samples", "Scores")
NEEDS = "The dashboard needs the package wandb-workspaces: pip install 'lightning-gan[dashboard]'."
TEXT = """Runs with the same group and recipe, which differ only in their seed, are drawn as their mean with its
standard error; remove the grouping to see each run. This view cannot draw reference lines: at the equilibrium V(D, G)
is -log 4 = -1.386 nats, and D(x) is 1/2 everywhere. Two values of a score are comparable only if their protocols, in
the config under `protocols/`, agree."""


def create_dashboard(
    entity: str | None = None,
    project: str = "lightning-gan",
    name: str = "lightning_gan",
    dry_run: bool = False,
) -> None:
    """Create the W&B workspace of this suite's runs: a saved view with a panel for every curve.

    Args:
        entity: Owner of the project; None for WANDB_ENTITY or else the default entity of the API key.
        project: Project of the runs.
        name: Name of the view.
        dry_run: Whether to print the view as JSON instead, which needs no account.

    Raises:
        UserError: There is no API key, W&B rejects the view, or wandb-workspaces is not installed.
    """
    entity = entity or os.environ.get("WANDB_ENTITY")
    if dry_run:
        print(serialize_view(make_workspace(entity or "ENTITY", project, name)))
        return
    import wandb

    if not wandb.login(prompt=False, verify=False):
        raise UserError(
            "W&B has no API key on this machine: run `wandb login`, or print the view with --dry_run."
        )
    try:
        view = make_workspace(entity or str(wandb.Api().default_entity), project, name).save()
    except wandb.Error as error:
        raise UserError(f"W&B rejected the dashboard: {error}") from error
    print(f"dashboard   {view.url}")


def make_workspace(entity: str, project: str, name: str) -> Any:
    """Make the view: each section of the table of metric keys, and one that compares runs.

    Args:
        entity: Owner of the project.
        project: Project of the runs.
        name: Name of the view.

    Returns:
        A `wandb_workspaces.workspaces.Workspace`.

    Raises:
        UserError: wandb-workspaces is not installed.
    """
    try:
        import wandb_workspaces.reports.v2 as wr
        import wandb_workspaces.workspaces as ws
        from wandb_workspaces.expr import Config, Metric
    except ImportError as error:
        raise UserError(NEEDS) from error
    sections = [
        ws.Section(name=section, panels=panels, is_open=section in OPEN_SECTIONS)
        for section in metric_keys.SECTIONS
        if (panels := make_panels(section, wr))
    ]
    comparison: list[Any] = [wr.RunComparer(diff_only="split")]
    sections.append(ws.Section(name="Compare", panels=comparison, is_open=False))
    settings = ws.WorkspaceSettings(x_axis=STEP_KEY)
    grouping = ws.RunsetSettings(groupby=[Metric("Group"), Config("recipe")])
    return ws.Workspace(
        entity=entity, project=project, name=name, sections=sections, settings=settings,
        runset_settings=grouping,
    )  # fmt: skip


def make_panels(section: str, wr: Any) -> list[Any]:
    """Make the panels of a section, in the order of the table.

    Args:
        section: Name of the section.
        wr: Module `wandb_workspaces.reports.v2`.
    """
    if section == "Samples":
        animations = [key for key in metric_keys.MEDIA if key.startswith("animations/")]
        browsers = [
            wr.MediaBrowser(title=title, media_keys=[key], gallery_axis="step", mode="gallery")
            for key, title in metric_keys.MEDIA.items()
            if key not in animations
        ]
        return [*browsers, wr.MediaBrowser(title="animations", media_keys=animations)]
    panels = [make_line_plot(panel, wr) for panel in metric_keys.PANELS if panel.section == section]
    if section == "Scores":
        panels.append(wr.WeavePanelSummaryTable(table_name="scores/test"))
    if section == "Training":
        panels.append(wr.MarkdownPanel(markdown=TEXT))
    return panels


def make_line_plot(panel: metric_keys.Panel, wr: Any) -> Any:
    """Make a plot of every key of a panel, with the reference values in its title.

    Seeds of one recipe are drawn as their mean and its standard error.

    Args:
        panel: Panel of the table.
        wr: Module `wandb_workspaces.reports.v2`.
    """
    lines = "".join(
        f"; {label} = {value:.4g}" for value, label in panel.lines if label != str(value)
    )
    names = [name for key in metric_keys.list_keys_in_panel(panel) for name in key.written]
    x = SECONDS_KEY if panel.section == "Speed" else STEP_KEY
    title_x = "seconds" if panel.section == "Speed" else metric_keys.STEP
    return wr.LinePlot(
        title=f"{panel.title}{lines}", x=x, y=names, title_x=title_x,
        groupby_aggfunc="mean", groupby_rangefunc="stderr",
    )  # fmt: skip


def serialize_view(view: Any) -> str:
    """Return a view as the JSON that W&B stores; the package has only a private method for this."""
    text: str = view._to_model().model_dump_json(indent=1)
    return text
