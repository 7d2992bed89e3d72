"""`python -m lightning_gan dashboard`: the W&B workspace of the table of keys, as code."""

import os
from typing import Any

from lightning_gan.tracking import metric_keys
from lightning_gan.utils.errors import UserError

EVALUATED_AT = "trainer/global_step"  # W&B's name for a step of ours
SINCE_START = "_runtime"  # seconds
OPEN = ("Training", "Samples", "Scores")
NEEDS = "The dashboard needs the package wandb-workspaces: pip install 'lightning-gan[dashboard]'."
TEXT = """Runs of one group and one recipe, which differ in their seed alone, are drawn as their mean and its standard
error; take the grouping off to see each. Dashed lines cannot be drawn here: at the equilibrium V(D, G) is
-log 4 = -1.386 nats, and D answers 1/2 everywhere. Two values of a score compare only where their protocols, in
the config under `protocols/`, agree."""


def dashboard(
    entity: str | None = None,
    project: str = "lightning-gan",
    name: str = "lightning_gan",
    dry_run: bool = False,
) -> None:
    """Make the W&B workspace of this suite's runs: a saved view with a panel for every curve.

    Args:
        entity: Whose project; WANDB_ENTITY, or the key's own, if it is not given.
        project: Of the runs.
        name: Of the view.
        dry_run: Only print the view as JSON; needs no account.
    """
    entity = entity or os.environ.get("WANDB_ENTITY")
    if dry_run:
        print(serialize_view(make_workspace(entity or "ENTITY", project, name)))
        return
    import wandb

    if not wandb.login(prompt=False, verify=False):
        raise UserError(
            "W&B knows no key on this machine: type `wandb login`, or look at the view with --dry_run."
        )
    try:
        view = make_workspace(entity or str(wandb.Api().default_entity), project, name).save()
    except wandb.Error as error:
        raise UserError(f"W&B did not take the dashboard: {error}") from error
    print(f"dashboard   {view.url}")


def make_workspace(entity: str, project: str, name: str) -> Any:
    """The view: a section for each of the table, and one that compares runs.

    Raises:
        ValueError: if the package that writes it is not installed.
    """
    try:
        import wandb_workspaces.reports.v2 as parts
        import wandb_workspaces.workspaces as views
        from wandb_workspaces.expr import Config, Metric
    except ImportError as error:
        raise UserError(NEEDS) from error
    sections = [
        views.Section(name=section, panels=panels, is_open=section in OPEN)
        for section in metric_keys.SECTIONS
        if (panels := make_panels(section, parts))
    ]
    compared: list[Any] = [parts.RunComparer(diff_only="split")]
    sections.append(views.Section(name="Compare", panels=compared, is_open=False))
    settings = views.WorkspaceSettings(x_axis=EVALUATED_AT)
    seeds = views.RunsetSettings(groupby=[Metric("Group"), Config("recipe")])
    return views.Workspace(
        entity=entity, project=project, name=name, sections=sections, settings=settings,
        runset_settings=seeds,
    )  # fmt: skip


def make_panels(section: str, parts: Any) -> list[Any]:
    """The panels of a section, in the table's order; images of one noise over steps in theirs.

    Args:
        section: of the table.
        parts: the module that has the panels.
    """
    if section == "Samples":
        films = [key for key in metric_keys.MEDIA if key.startswith("animations/")]
        image_bytes = [parts.MediaBrowser(title=said, media_keys=[key], gallery_axis="step", mode="gallery")
                    for key, said in metric_keys.MEDIA.items() if key not in films]  # fmt: skip
        return [*image_bytes, parts.MediaBrowser(title="animations", media_keys=films)]
    panels = [
        make_line_plot(panel, parts) for panel in metric_keys.PANELS if panel.section == section
    ]
    if section == "Scores":
        panels.append(parts.WeavePanelSummaryTable(table_name="scores/test"))
    if section == "Training":
        panels.append(parts.MarkdownPanel(markdown=TEXT))
    return panels


def make_line_plot(panel: metric_keys.Panel, parts: Any) -> Any:
    """A panel with every key that may lie in it, and the values to compare with in its title.

    Seeds of one recipe are drawn as their mean and its standard error.
    """
    beside = "".join(
        f"; {label} = {value:.4g}" for value, label in panel.lines if label != str(value)
    )
    names = [name for key in metric_keys.list_keys_in_panel(panel) for name in key.written]
    x = SINCE_START if panel.section == "Speed" else EVALUATED_AT
    title_x = "seconds" if panel.section == "Speed" else metric_keys.STEP
    return parts.LinePlot(
        title=f"{panel.title}{beside}", x=x, y=names, title_x=title_x,
        groupby_aggfunc="mean", groupby_rangefunc="stderr",
    )  # fmt: skip


def serialize_view(view: Any) -> str:
    """A view as the JSON that W&B stores; the package has only a private name for that."""
    text: str = view._to_model().model_dump_json(indent=1)
    return text
