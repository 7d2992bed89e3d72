"""Finding and checking configs: `--config mnist.yaml` works from any folder."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import yaml

from lightning_gan.utils import config_lines, trusted_classes
from lightning_gan.utils.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"  # valid in a clone and in an installed wheel
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
MAX_BYTES = 200_000
OPTIMIZER = "lightning_gan.training.optimizers.DCGANAdam"  # the default of every model
YAML_TAG = "tag:yaml.org,2002:"


class ConfigError(UserError):
    """Config that does not exist or is invalid."""


def find_config(name: str) -> str:
    """Find a config: a path, or the name of a config of this suite.

    Args:
        name: Path, or name with or without `.yaml`.

    Returns:
        Path of the config.

    Raises:
        ConfigError: There is no such config, or it is invalid. The message suggests near names.
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
    near = _find_near_names(name, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"give one of {', '.join(known)}."
    raise ConfigError(f"No config {name!r} in {Path.cwd()} or in this suite: {hint}")


def _find_near_names(name: str, shipped: list[str]) -> list[str]:
    """Find near names among the configs in the folder of `name` and those of the suite."""
    folder = Path(name).parent
    own = [p.name for p in sorted(folder.glob("*.y*ml")) if p.is_file()] if folder.is_dir() else []
    names = [*(str(folder / found) for found in own), *shipped]
    return difflib.get_close_matches(name, names, n=3, cutoff=0.5)


def check_config(path: Path) -> None:
    """Check what a YAML loader accepts silently: duplicate or empty keys, unknown sections, binary data, alias bombs.

    Args:
        path: Path of the config.

    Raises:
        ConfigError: The config is invalid; the message names the file, the key and the line.
        UntrustedError: Its aliases expand to too many values.
    """
    root = _read(path)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{path} has no settings: give lines `section: ...` with the sections {', '.join(SECTIONS)}."
        )
    for key, _ in root.value:
        if key.value not in SECTIONS:
            near = difflib.get_close_matches(str(key.value), SECTIONS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(SECTIONS)}."
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: unknown section {key.value!r}; {hint}"
            )
    _check_all(root, path)


def _read(path: Path) -> yaml.Node | None:
    """Read the nodes of a YAML file; None for an empty file."""
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ConfigError(f"{path} has {size:,} bytes: give a config of at most {MAX_BYTES:,}.")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not a text file (byte {error.start} is not UTF-8): give a YAML config."
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_describe_yaml_error(error)}.") from error
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply: give a config of few levels.") from None
    if root:
        trusted_classes.check_size(root, _list_children, str(path))
        config_lines.remember_entries(path, root)
    return root


def _describe_yaml_error(error: yaml.YAMLError) -> str:
    """Describe where and why a text is not YAML."""
    mark = getattr(error, "problem_mark", None)
    parts = [getattr(error, name, None) for name in ("context", "problem")]
    why = ", ".join(part for part in parts if part) or " ".join(str(error).split())
    return f", line {mark.line + 1}: this is not YAML ({why})" if mark else f" is not YAML: {why}"


def check_included(name: str, folder: Path, parents: tuple[Path, ...] = ()) -> None:
    """Check a file that a value names, such as `model: theirs.yaml`.

    Args:
        name: Value that may be a path.
        folder: Folder of the config that contains the value.
        parents: Files that include this one.

    Raises:
        ConfigError: The file includes itself, or is invalid.
    """
    paths = [
        p for p in (folder / name, Path(name)) if name.endswith((".yaml", ".yml")) and p.is_file()
    ]
    for path in paths[:1]:
        if path.resolve() in parents:
            raise ConfigError(f"{path} includes itself: give the values instead.")
        if root := _read(path):
            _check_all(root, path, (*parents, path.resolve()))


def _list_children(node: yaml.Node) -> list[yaml.Node]:
    """List the keys and values of a mapping, or the members of a list."""
    if not isinstance(node.value, list):
        return []
    return [n for child in node.value for n in (child if isinstance(child, tuple) else (child,))]


def _check_all(node: yaml.Node, path: Path, parents: tuple[Path, ...] = ()) -> None:
    """Check a node and the nodes below it: tags, duplicate and empty keys, included files, and classes."""
    if not node.tag.startswith(YAML_TAG) or ":python/" in node.tag:
        line = node.start_mark.line + 1
        raise ConfigError(f"{path}, line {line}: {node.tag!r} was refused: give plain values.")
    if isinstance(node, yaml.ScalarNode):
        if "\0" in node.value:
            line = node.start_mark.line + 1
            raise ConfigError(
                f"{path}, line {line}: {node.value!r} contains a NUL character: delete it."
            )
        check_included(node.value, path.parent, parents or (path.resolve(),))
    seen: set[str] = set()
    for child in node.value if isinstance(node.value, list) else ():
        key, value = child if isinstance(child, tuple) else (None, child)
        if key is not None and key.value in seen:
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: {key.value!r} is given twice: delete one."
            )
        if (
            key is not None
            and not value.value
            and isinstance(value, yaml.MappingNode)
            and "args" not in key.value
        ):
            raise ConfigError(
                f"{path}, line {key.start_mark.line + 1}: {key.value!r} is empty: fill or delete it."
            )
        if key is not None:
            seen.add(key.value)
            if key.value == "class_path" and trusted_classes.is_refused(str(value.value)):
                raise ConfigError(
                    f"{path}, line {value.start_mark.line + 1}: {value.value!r} was refused: {trusted_classes.HOW}."
                )
        _check_all(value, path, parents)


def resolve_arguments(arguments: Sequence[str]) -> list[str]:
    """Replace names of configs by paths, split --config=FILE and --ckpt_path=FILE, and add default optimizers.

    Args:
        arguments: Words for LightningCLI.

    Returns:
        New list of words.
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
            check_included(name or argument, Path())
            resolved.append(argument)
    return add_optimizers(resolved)


def add_optimizers(arguments: list[str]) -> list[str]:
    """Add the default optimizer before the first setting of an optimizer that no config names.

    The parser knows the settings of a class only if the class is given; the default of `GAN` is a function.
    """
    if any(a.partition("=")[0] == "--ckpt_path" for a in arguments):
        return arguments  # the config of the run names them
    texts = [Path(name).read_text(errors="replace") for name in list_configs(arguments)]
    for network in ("d_optimizer", "g_optimizer"):
        flag = f"--model.{network}"
        named = any(a.partition("=")[0] in (flag, f"{flag}.class_path") for a in arguments)
        places = [i for i, a in enumerate(arguments) if a.startswith(f"{flag}.")]
        if places and not named and not any(network in text for text in texts):
            first = places[0]
            arguments = [*arguments[:first], flag, OPTIMIZER, *arguments[first:]]
    return arguments


def list_configs(arguments: Sequence[str]) -> list[str]:
    """List the configs on a command line."""
    before = ["", *arguments]
    names = [a for flag, a in zip(before, arguments, strict=False) if flag in ("--config", "-c")]
    return names + [a.removeprefix("--config=") for a in arguments if a.startswith("--config=")]


def make_experiment_name(arguments: Sequence[str]) -> str:
    """Make the name of an experiment: the names of its configs, joined by +."""
    return "+".join(Path(name).stem for name in list_configs(arguments)) or "unnamed"
