"""Configs by bare name: `--config mnist.yaml` works from any folder; and a first look into them."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import yaml

from lightning_gan.utils import config_lines, trusted_classes
from lightning_gan.utils.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"  # the same in a clone and in an installed wheel
SECTIONS = (
    "seed_everything",
    "trainer",
    "model",
    "data",
    "run",
    "checkpoint",
    "ckpt_path",
    "weights_only",
    "verbose",
)
MOST_BYTES = 200_000
OPTIMIZER = "lightning_gan.training.optimizers.DCGANAdam"  # the default of every model
PLAIN = "tag:yaml.org,2002:"


class ConfigError(UserError):
    """A config that is not there, or that cannot mean what it says."""


def find_config(name: str) -> str:
    """The path as given if there is such a file, else the config of that name that comes with the suite.

    Raises:
        ConfigError: with the near names.
    """
    for path in (Path(name), CONFIGS / name, CONFIGS / f"{name}.yaml"):
        if path.is_file():
            check_config(path)
            return str(path)
    if Path(name).is_dir():
        raise ConfigError(f"{name} is a folder: give a YAML file.")
    known = sorted(
        str(p.relative_to(CONFIGS)) for p in CONFIGS.rglob("*.yaml") if p.name != "defaults.yaml"
    )
    near = _near(name, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}."
    raise ConfigError(
        f"No config {name!r} here ({Path.cwd()}) or among those that come with the suite: {hint}"
    )


def _near(name: str, shipped: list[str]) -> list[str]:
    """Return the configs whose names are near: those in the folder that was named, and the suite's own."""
    folder = Path(name).parent
    own = [p.name for p in sorted(folder.glob("*.y*ml")) if p.is_file()] if folder.is_dir() else []
    names = [*(str(folder / found) for found in own), *shipped]
    return difflib.get_close_matches(name, names, n=3, cutoff=0.5)


def check_config(path: Path) -> None:
    """Refuse what a YAML reader lets pass in silence: keys given twice or empty, unknown sections, no text, bombs.

    Raises:
        ConfigError: naming the file, the key and the line.
        UntrustedError: if its aliases stand for more than the user writes.
    """
    root = _read(path)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{path} holds no settings: want `section: ...` lines, sections being {', '.join(SECTIONS)}."
        )
    for key, _ in root.value:
        if key.value not in SECTIONS:
            near = difflib.get_close_matches(str(key.value), SECTIONS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SECTIONS)}."
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: unknown section {key.value!r}; {hint}"
            )
    _check_all(root, path)


def _read(path: Path) -> yaml.Node | None:
    """The nodes of a file that is small enough to be an experiment; none of an empty one."""
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ConfigError(f"{path} has {size:,} bytes: give a config of at most {MOST_BYTES:,}.")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not a text file (byte {error.start} is not UTF-8): give a YAML config."
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_problem(error)}.") from error
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply to be an experiment.") from None
    if root:
        trusted_classes.check_size(root, _children, str(path))
        config_lines.remember_entries(path, root)
    return root


def _problem(error: yaml.YAMLError) -> str:
    """Return where and why a text is not YAML."""
    mark = getattr(error, "problem_mark", None)
    parts = [getattr(error, name, None) for name in ("context", "problem")]
    why = ", ".join(part for part in parts if part) or " ".join(str(error).split())
    return f", line {mark.line + 1}: this is not YAML ({why})" if mark else f" is not YAML: {why}"


def check_part(name: str, beside: Path, above: tuple[Path, ...] = ()) -> None:
    """Look into a file that stands where a value could, such as `model: theirs.yaml`, as into a config.

    Args:
        name: of a value that may be a file.
        beside: folder of the config that names it.
        above: the files that led to it.

    Raises:
        ConfigError: if one of them leads to itself, or holds what a config must not.
    """
    paths = [
        p for p in (beside / name, Path(name)) if name.endswith((".yaml", ".yml")) and p.is_file()
    ]
    for path in paths[:1]:
        if path.resolve() in above:
            raise ConfigError(f"{path} names itself: give the values in its place.")
        if root := _read(path):
            _check_all(root, path, (*above, path.resolve()))


def _children(node: yaml.Node) -> list[yaml.Node]:
    """The keys and values of a mapping, or the members of a list."""
    if not isinstance(node.value, list):
        return []
    return [n for child in node.value for n in (child if isinstance(child, tuple) else (child,))]


def _check_all(node: yaml.Node, path: Path, above: tuple[Path, ...] = ()) -> None:
    """Walk all that was written; a class that nobody vouched for is refused here with its line."""
    if not node.tag.startswith(PLAIN) or ":python/" in node.tag:
        line = node.start_mark.line + 1
        raise ConfigError(f"{path}, line {line}: {node.tag!r} was refused: give plain values.")
    if isinstance(node, yaml.ScalarNode):
        check_part(node.value, path.parent, above or (path.resolve(),))
    seen: set[str] = set()
    for child in node.value if isinstance(node.value, list) else ():
        key, value = child if isinstance(child, tuple) else (None, child)
        if key is not None and key.value in seen:
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: {key.value!r} is given twice; keep one."
            )
        if (
            key is not None
            and not value.value
            and isinstance(value, yaml.MappingNode)
            and "args" not in key.value
        ):
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: {key.value!r} holds nothing; fill or delete it."
            )
        if key is not None:
            seen.add(key.value)
            if key.value == "class_path" and trusted_classes.is_refused(str(value.value)):
                raise ConfigError(
                    f"{path}, line {value.start_mark.line + 1}: {value.value!r} was refused: {trusted_classes.HOW}."
                )
        _check_all(value, path, above)


def resolve_arguments(arguments: Sequence[str]) -> list[str]:
    """Replace the bare names behind --config by paths, and --flag=file by two words; name the default optimizers.

    Args:
        arguments: Words for LightningCLI.

    Returns:
        A new list of words.
    """
    config_lines.forget_entries()
    resolved: list[str] = []
    for argument in arguments:
        flag, equals, name = argument.partition("=")
        if resolved and resolved[-1] in ("--config", "-c"):
            resolved.append(find_config(argument))
        elif flag == "--config" and equals:
            resolved += [flag, find_config(name)]
        elif flag == "--ckpt_path" and equals:
            resolved += [flag, name]
        else:
            check_part(name or argument, Path())
            resolved.append(argument)
    return add_optimizers(resolved)


def add_optimizers(arguments: list[str]) -> list[str]:
    """Name the default optimizer before the first setting of an optimizer that no config names.

    The parser knows the settings of a class that was named, and the default of `GAN` is a function.
    """
    if any(a.partition("=")[0] == "--ckpt_path" for a in arguments):
        return arguments  # the run's own config names them
    texts = [Path(name).read_text(errors="replace") for name in find_given(arguments)]
    for network in ("d_optimizer", "g_optimizer"):
        flag = f"--model.{network}"
        named = any(a.partition("=")[0] in (flag, f"{flag}.class_path") for a in arguments)
        places = [i for i, a in enumerate(arguments) if a.startswith(f"{flag}.")]
        if places and not named and not any(network in text for text in texts):
            first = places[0]
            arguments = [*arguments[:first], flag, OPTIMIZER, *arguments[first:]]
    return arguments


def find_given(arguments: Sequence[str]) -> list[str]:
    """The configs on a command line."""
    before = ["", *arguments]
    names = [a for flag, a in zip(before, arguments, strict=False) if flag in ("--config", "-c")]
    return names + [a.removeprefix("--config=") for a in arguments if a.startswith("--config=")]


def make_experiment_name(arguments: Sequence[str]) -> str:
    """What a run is called: its configs' names, joined by +."""
    return "+".join(Path(name).stem for name in find_given(arguments)) or "unnamed"
