"""Who may import whom: docs/architecture.md, as a test."""

import ast
from pathlib import Path

import pytest

import callbacks

ROOT = Path(__file__).parents[1]
ROOMS = {  # room: what of ours it may import
    "datamodules": {
        "datamodules", "lightning_gan.home", "lightning_gan.fetching", "lightning_gan.picture_files",
        "lightning_gan.whole_files",
    },
    "callbacks": {
        "callbacks", "lightning_gan.animation", "lightning_gan.images", "lightning_gan.plots", "lightning_gan.metrics",
        "lightning_gan.densities", "lightning_gan.plots_density", "lightning_gan.plots_points",
        "lightning_gan.baselines", "lightning_gan.features", "lightning_gan.evaluation",
        "lightning_gan.whole_files", "lightning_gan.record", "lightning_gan.jobs.cluster", "lightning_gan.command_text",
        "lightning_gan.running.tracking", "lightning_gan.running.metrics_file", "lightning_gan.running.curve_points",
        "lightning_gan.running.score_file", "lightning_gan.keys",
        "lightning_gan.crash.traces", "lightning_gan.interrupts", "lightning_gan.several.together",
    },
    "lightning_gan/interrupts.py": set(),
    "lightning_gan/jobs/srun.py": {"lightning_gan.starting"},
    "lightning_gan/starting.py": set(),
    "lightning_gan/jobs/cluster.py": {"lightning_gan.jobs.srun"},
    "lightning_gan/jobs/job_size.py": set(),
    "lightning_gan/jobs/sbatch.py": {"lightning_gan.jobs.srun", "lightning_gan.jobs.job_size"},
    "lightning_gan/doctor": {
        "lightning_gan.doctor", "lightning_gan.jobs.cluster", "lightning_gan.jobs.srun", "lightning_gan.features",
        "lightning_gan.running.wandb_mode", "lightning_gan.__version__",
    },
    "lightning_gan/losses": {"lightning_gan.losses", "lightning_gan.several.devices"},
    "lightning_gan/regularizers": {"lightning_gan.regularizers", "lightning_gan.several.devices"},
    "lightning_gan/networks": {"lightning_gan.networks", "lightning_gan.several.devices"},
    "lightning_gan/metrics": {"lightning_gan.metrics"},
    "lightning_gan/features": {
        "lightning_gan.features", "lightning_gan.fetching", "lightning_gan.whole_files",
    },
    "lightning_gan/evaluation": {
        "lightning_gan.evaluation", "lightning_gan.metrics", "lightning_gan.features", "lightning_gan.images",
        "lightning_gan.baselines", "lightning_gan.picture_files", "lightning_gan.tabular", "lightning_gan.whole_files",
        "lightning_gan.__version__", "lightning_gan.keys",
    },
    "lightning_gan/pages": {
        "lightning_gan.pages", "lightning_gan.keys", "lightning_gan.running.about", "lightning_gan.running.recipe",
        "lightning_gan.running.curve_points",
        "lightning_gan.evaluation",
        "lightning_gan.tabular", "lightning_gan.whole_files",
    },
    "lightning_gan/domains": {"lightning_gan.domains", "lightning_gan.limits"},
    "lightning_gan/limits.py": set(),
    "lightning_gan/fetching.py": set(),
    "lightning_gan/picture_files": {"lightning_gan.picture_files", "lightning_gan.whole_files"},
    "lightning_gan/tabular.py": set(),
    "lightning_gan/whole_files.py": set(),
    "lightning_gan/variants": {
        "lightning_gan.variants", "lightning_gan.players", "lightning_gan.gan", "lightning_gan.losses",
        "lightning_gan.networks", "lightning_gan.optimizers", "lightning_gan.priors", "lightning_gan.masks",
        "lightning_gan.regularizers", "lightning_gan.unrolling", "lightning_gan.few_labels", "lightning_gan.ema",
        "lightning_gan.several.devices", "lightning_gan.turns",
    },
    "lightning_gan/several/devices.py": set(),
    "lightning_gan/several/together.py": set(),
    "lightning_gan/several/strategy.py": {
        "lightning_gan.several.devices", "lightning_gan.several.together", "lightning_gan.interrupts",
    },
    "lightning_gan/unrolling.py": {"lightning_gan.several.devices", "lightning_gan.optimizers"},
    "lightning_gan/inference.py": {
        "lightning_gan.networks", "lightning_gan.optimizers", "lightning_gan.players", "lightning_gan.priors",
        "lightning_gan.several.devices",
    },
    "lightning_gan/few_labels.py": set(),
    "lightning_gan/probes.py": {"lightning_gan.metrics"},
    "lightning_gan/latent/latents.py": {"lightning_gan.sampler"},
    "lightning_gan/latent/concepts.py": set(),
    "lightning_gan/latent/analogies.py": {
        "lightning_gan.latent.concepts", "lightning_gan.features", "lightning_gan.images",
        "lightning_gan.latent.latents",
        "lightning_gan.players", "lightning_gan.tabular",
    },
    "lightning_gan/latent/plots_latents.py": {"lightning_gan.images", "lightning_gan.plots"},
    "lightning_gan/saved.py": {"lightning_gan.trust", "lightning_gan.players", "lightning_gan.running.runs"},
    "lightning_gan/held_out.py": {"lightning_gan.networks", "lightning_gan.sampler"},
    "lightning_gan/accumulation.py": {"lightning_gan.players"},
    "lightning_gan/priors.py": set(),
    "lightning_gan/masks.py": set(),
    "lightning_gan/ema.py": set(),
    "lightning_gan/optimizers.py": set(),
    "lightning_gan/record.py": set(),
    "lightning_gan/crash/contents.py": set(),
    "lightning_gan/crash/traces.py": set(),
    "lightning_gan/crash/suspects.py": {"lightning_gan.crash.contents", "lightning_gan.crash.traces"},
    "lightning_gan/crash/replay.py": {
        "lightning_gan.saved", "lightning_gan.players", "lightning_gan.running.runs", "lightning_gan.crash.suspects",
    },
    "lightning_gan/cli/actions/stopwatch.py": set(),
    "lightning_gan/cli/actions/estimate.py": {"lightning_gan.cli.actions.stopwatch", "lightning_gan.tabular"},
    "lightning_gan/turns.py": set(),
    "lightning_gan/images.py": {"lightning_gan.whole_files"},
    "lightning_gan/animation.py": {"lightning_gan.gif", "lightning_gan.images", "lightning_gan.whole_files"},
    "lightning_gan/gif.py": {"lightning_gan.images"},
    "lightning_gan/plots.py": set(),
    "lightning_gan/plots_density.py": {"lightning_gan.plots"},
    "lightning_gan/plots_points.py": {"lightning_gan.plots"},
    "lightning_gan/play.py": set(),
    "lightning_gan/keys.py": set(),
    "lightning_gan/dashboard.py": {"lightning_gan.keys"},
    "lightning_gan/rows.py": {"lightning_gan.whole_files"},
    "lightning_gan/densities.py": set(),
    "lightning_gan/baselines.py": set(),
    "lightning_gan/cli/errors.py": {"lightning_gan.cli.user_errors"},
    "lightning_gan/cli/argument_types.py": set(),
    "lightning_gan/cli/commands": {
        "lightning_gan.cli", "lightning_gan.bench", "lightning_gan.crash", "lightning_gan.dashboard",
        "lightning_gan.doctor", "lightning_gan.latent", "lightning_gan.pages", "lightning_gan.paper",
    },
    "lightning_gan/cli/user_errors.py": {
        "lightning_gan.cli.packages", "lightning_gan.cli.parser_errors",
        "lightning_gan.cli.system_errors", "lightning_gan.cli.terminal", "lightning_gan.trust",
    },
    "lightning_gan/cli/system_errors.py": {"lightning_gan.cli.terminal"},
    "lightning_gan/cli/terminal.py": set(),
    "lightning_gan/cli/written.py": set(),
    "lightning_gan/cli/near_names.py": {
        "lightning_gan.cli.written", "lightning_gan.cli.config_files",
    },
    "lightning_gan/cli/parser_errors.py": {
        "lightning_gan.cli.written", "lightning_gan.cli.near_names", "lightning_gan.trust",
    },
    "lightning_gan/home.py": set(),
    "lightning_gan/command_text.py": set(),
    "lightning_gan/cli/lightning_parser.py": {
        "lightning_gan.home", "lightning_gan.cli.parser_errors",
    },
    "lightning_gan/cli/config_files.py": {"lightning_gan.trust", "lightning_gan.cli.written"},
    "lightning_gan/trust.py": set(),
    "lightning_gan/theory.py": set(),
    "lightning_gan/running/tracking.py": {
        "lightning_gan.running.about", "lightning_gan.running.metrics_file", "lightning_gan.running.recipe",
        "lightning_gan.running.wandb_mode", "lightning_gan.running.wandb_server",
    },
    "lightning_gan/running/about.py": {
        "lightning_gan.running.run_record", "lightning_gan.whole_files", "lightning_gan.__version__",
    },
    "lightning_gan/running/curve_points.py": {"lightning_gan.running.about"},
    "lightning_gan/running/score_file.py": {"lightning_gan.whole_files"},
    "lightning_gan/running/settings.py": set(),
    "lightning_gan/running/data_digest.py": set(),
    "lightning_gan/running/overrides.py": {"lightning_gan.running.settings"},
    "lightning_gan/running/run_record.py": {"lightning_gan.running.overrides"},
    "lightning_gan/running/known.py": {
        "lightning_gan.running.about", "lightning_gan.running.overrides", "lightning_gan.running.run_record",
    },
    "lightning_gan/running/branching.py": {
        "lightning_gan.running.known", "lightning_gan.running.owner", "lightning_gan.running.runs",
    },
    "lightning_gan/running/resumed_settings.py": {
        "lightning_gan.running.overrides", "lightning_gan.running.settings", "lightning_gan.tabular",
    },
    "lightning_gan/checks.py": {"lightning_gan.networks", "lightning_gan.regularizers"},
    "lightning_gan/trainer_checks.py": set(),
    "lightning_gan/trial.py": {"lightning_gan.networks"},
    "lightning_gan/written_curves.py": {"lightning_gan.held_out", "lightning_gan.record"},
    "lightning_gan/running/external_loggers.py": set(),
    "lightning_gan/cli/packages.py": set(),
    "lightning_gan/cli/trainer_parts.py": {
        "callbacks", "lightning_gan.jobs.cluster", "lightning_gan.several.strategy",
    },
    "lightning_gan/batches.py": set(),
    "lightning_gan/loadable.py": {
        "lightning_gan.images", "lightning_gan.batches", "lightning_gan.checks", "lightning_gan.held_out",
    },
    "lightning_gan/running/metrics_file.py": {"lightning_gan.whole_files"},
    "lightning_gan/running/runs.py": {
        "lightning_gan.home",
        "lightning_gan.running.metrics_file", "lightning_gan.running.score_file", "lightning_gan.running.tracking",
        "lightning_gan.whole_files",
    },
    "lightning_gan/running/saved_config.py": {"lightning_gan.whole_files"},
    "lightning_gan/running/ending.py": set(),
    "lightning_gan/running/owner.py": {"lightning_gan.running.metrics_file", "lightning_gan.running.tracking"},
}  # fmt: skip
FLOOR = {
    "lightning_gan.domains",
    "lightning_gan.limits",
    "lightning_gan.file_format",
    "lightning_gan.errors",
    "lightning_gan.lazy",
}  # every room may import these
OURS = ("lightning_gan", "datamodules", "callbacks")


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in OURS}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room):
    path = ROOT / room
    files = [path] if path.suffix else list(path.rglob("*.py"))
    assert files
    for file in files:
        for name in imported(file):
            allowed = any(name == a or name.startswith(f"{a}.") for a in ROOMS[room] | FLOOR)
            assert allowed, f"{file.relative_to(ROOT)} imports {name}"


def test_only_the_command_line_knows_every_room():
    knowing = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "lightning_gan").rglob("*.py")
        if any(name.split(".")[0] in ("callbacks", "datamodules") for name in imported(file))
    }
    played = ("lightning_gan/paper/", "lightning_gan/bench/")
    knowing = {name for name in knowing if not name.startswith(played)}
    assert knowing == {
        "lightning_gan/latent/arithmetic.py",
        "lightning_gan/running/resuming.py",
        *(
            f"lightning_gan/cli/{name}.py"
            for name in (
                "lightning_cli",
                "actions/download",
                "actions/inspect",
                "leaving",
                "class_names",
                "actions/image_report",
                "reference_data",
                "trainer_parts",
            )
        ),
    }


@pytest.mark.parametrize(
    ("module", "user"), [("main", "__main__.py"), ("lightning_cli", "training.py")]
)
def test_nothing_imports_the_command_line_but_its_own_door(module, user):
    files = [file for room in OURS for file in (ROOT / room).rglob("*.py")]
    users = [
        f.name
        for f in files
        if any(n.split(".")[:3] == ["lightning_gan", "cli", module] for n in imported(f))
    ]
    assert users == [user]


def test_the_folders_are_imported_as_they_are_named():
    assert Path(callbacks.__file__).parent == ROOT / "callbacks"


def test_algorithm_1_is_written_once():
    loops = [
        file.name
        for file in (ROOT / "lightning_gan").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "training_step"
    ]
    loops.remove("inference.py")  # one network against a fixed G: no game
    assert sorted(loops) == ["gan.py", "simultaneous.py"]  # the paper's, and the released code's


def test_files_and_functions_stay_small():
    for file in [f for room in OURS for f in (ROOT / room).rglob("*.py")]:
        text = file.read_text()
        assert len(text.splitlines()) <= 230, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= 35, f"{file}: {node.name} has {lines} lines"


def test_errors_of_the_user_have_one_base_class():
    for file in [f for room in OURS for f in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            call = node.exc if isinstance(node, ast.Raise) else None
            name = getattr(getattr(call, "func", None), "id", "")
            assert name not in ("ValueError", "Exception"), f"{file}:{node.lineno}: UserError"


def test_no_constructor_swallows_arguments():
    for file in [f for room in OURS for f in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                assert node.args.kwarg is None, f"{file}:{node.lineno}"
