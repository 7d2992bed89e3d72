"""The W&B workspace: sections, panels, axes, and the errors of the command."""

import json
import sys
from importlib.util import find_spec

import pytest
import wandb

from lightning_gan.reports.wandb_workspace import NEEDS, create_dashboard
from lightning_gan.tracking import metric_keys

pytestmark = [
    pytest.mark.skipif(
        not find_spec("wandb_workspaces"), reason="pip install 'lightning-gan[dashboard]'"
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the package itself
]


@pytest.fixture
def view(capsys):
    create_dashboard(entity="e", project="p", dry_run=True)
    return json.loads(capsys.readouterr().out)


def panels(view):
    sections = view["spec"]["section"]["panel_bank_config"]["sections"]
    return {s["name"]: s["panels"] for s in sections}


def test_view_has_every_metric_key_once_in_its_section(view):
    drawn = {
        name: [section["name"]]
        for section in view["spec"]["section"]["panel_bank_config"]["sections"]
        for panel in section["panels"]
        for name in panel["config"].get("metrics") or ()
    }
    sections = {panel.name: panel.section for panel in metric_keys.PANELS}
    assert drawn == {
        name: [sections[k.panel]] for k in metric_keys.KEYS if k.panel for name in k.written
    }
    assert (view["entity"], view["project"]) == ("e", "p")


def test_axes_are_steps_except_for_speed(view):
    axes = {
        section: {p["config"]["x_axis"] for p in drawn if p["view_type"] == "Run History Line Plot"}
        for section, drawn in panels(view).items()
    }
    assert axes.pop("Speed") == {"_runtime"}
    drawn = {section: found for section, found in axes.items() if found}
    assert drawn == {section: {"trainer/global_step"} for section in drawn}
    assert drawn.keys() >= {"Training", "Scores", "Diversity", "Health"}


def test_seeds_are_drawn_as_mean_and_standard_error(view):
    (runs,) = view["spec"]["section"]["run_sets"]
    assert [(key["section"], key["name"]) for key in runs["grouping"]] == [
        ("run", "group"),
        ("config", "recipe.value"),
    ]
    lines = [p for part in panels(view).values() for p in part if "Line Plot" in p["view_type"]]
    spreads = {(p["config"]["group_agg"], p["config"]["group_area"]) for p in lines}
    assert spreads == {("mean", "stderr")}


def test_every_image_key_has_a_media_browser(view):
    browsers = [p for p in panels(view)["Samples"] if p["view_type"] == "Media Browser"]
    assert [k for p in browsers for k in p["config"]["media_keys"]] == list(metric_keys.MEDIA)


def test_titles_name_the_equilibrium_values(view):
    titles = [p["config"].get("chart_title") for p in panels(view)["Training"]]
    assert "value V(D, G), nats; -log 4 = -1.386" in titles
    assert "D(x) and D(G(z)); 1/2 = 0.5" in titles


def test_missing_package_or_api_key_is_an_error_that_says_what_to_do(command, monkeypatch):
    monkeypatch.setenv("HOME", str(command.folder))
    monkeypatch.setattr(wandb, "login", lambda **_: False)
    ended = command("dashboard", "--entity", "e")
    assert ended.status == 1
    assert "W&B has no API key on this machine: run `wandb login`" in ended.err
    monkeypatch.setitem(sys.modules, "wandb_workspaces.workspaces", None)
    ended = command("dashboard", "--dry_run")
    assert ended.status == 1
    assert NEEDS in ended.err
