"""Access to settings of a config by the keys of the command line, such as model.d_optimizer.lr."""

import difflib
import importlib
import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from lightning_gan.utils.errors import UserError

CLASS, ARGUMENTS = "class_path", "init_args"
OPTIMIZERS = "lightning_gan.training.optimizers."


@dataclass(frozen=True)
class Leaf:
    """Setting of a config.

    Attributes:
        container: Mapping or list that holds the setting.
        name: Key or index in the container.
        is_class: Whether the setting names a class.
    """

    container: Any
    name: Any
    is_class: bool = False

    @property
    def value(self) -> Any:
        """Value of the setting; for a class, the last part of its path."""
        value = self.container[self.name]
        return str(value).rsplit(".", 1)[-1] if self.is_class else value


def list_leaves(
    settings: Any, prefix: str = "", numbered: bool = False
) -> Iterator[tuple[str, Leaf]]:
    """Yield every setting with its key.

    The levels class_path and init_args do not appear in keys. An object in a list has its class name as its key, or
    its index if the list holds more than one object of that class.

    Args:
        settings: Nested mappings and lists of plain values.
        prefix: Key of `settings` itself, with a dot at its end.
        numbered: Whether the index is the key of every object in a list.
    """
    if isinstance(settings, Mapping):
        if CLASS in settings:
            yield prefix.rstrip("."), Leaf(settings, CLASS, is_class=True)
        inner = dict(settings) if CLASS not in settings else dict(settings.get(ARGUMENTS) or {})
        for name, value in inner.items():
            holder = settings if CLASS not in settings else settings[ARGUMENTS]
            yield from _list_value(value, f"{prefix}{name}", Leaf(holder, name), numbered)
    elif isinstance(settings, list):
        names = [_class_name(value) for value in settings]
        count = Counter(names)
        for i, value in enumerate(settings):
            name = i if numbered or count[names[i]] > 1 else names[i]
            yield from _list_value(value, f"{prefix}{name}", Leaf(settings, i), numbered)


def _list_value(value: Any, key: str, leaf: Leaf, numbered: bool) -> Iterator[tuple[str, Leaf]]:
    if (isinstance(value, Mapping) and value) or contains_objects(value):
        yield from list_leaves(value, f"{key}.", numbered)
    else:
        yield key, leaf


def contains_objects(value: Any) -> bool:
    """Return whether a value is a list with an object that has a class_path."""
    return isinstance(value, list) and any(isinstance(v, Mapping) and CLASS in v for v in value)


def _class_name(value: Any) -> str:
    return str(value.get(CLASS)).rsplit(".", 1)[-1] if isinstance(value, Mapping) else ""


def flatten_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every setting by its key."""
    return {key: leaf.value for key, leaf in list_leaves(settings)}


def find_leaf(settings: Mapping[str, Any], key: str) -> tuple[str, Leaf]:
    """Find a setting by its key.

    Args:
        settings: Sections of a config, as nested mappings and lists.
        key: Key as on the command line; it may contain the levels init_args, and the index of an object in a list.

    Returns:
        The key as `list_leaves` yields it, and the setting.

    Raises:
        UserError: The key does not exist; the message names the closest key.
    """
    short = ".".join(part for part in key.split(".") if part != ARGUMENTS)
    known = dict(list_leaves(settings))
    by_index = dict(zip((k for k, _ in list_leaves(settings, numbered=True)), known, strict=True))
    canonical = short if short in known else by_index.get(short)
    if canonical is not None:
        return canonical, known[canonical]
    values = [k for k, leaf in known.items() if not leaf.is_class]
    near = difflib.get_close_matches(short, values, n=1, cutoff=0.6)
    siblings = sorted(k for k in values if k.startswith(short.rsplit(".", 1)[0] + "."))
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if not near and siblings:
        hint = f" Available: {', '.join(siblings[:12])}."
    raise UserError(f"There is no setting {key!r} in this run.{hint}")


def write_out_optimizers(sections: Mapping[str, Any]) -> None:
    """Replace an optimizer function of `lightning_gan.training.optimizers` by its class and arguments, in place.

    An optimizer that a config names by such a function has no setting for its learning rate; after this call, an
    override can change it.

    Args:
        sections: Sections of a config, as plain values.
    """
    model = (sections.get("model") or {}).get(ARGUMENTS) or {}
    for name in ("d_optimizer", "g_optimizer"):
        path = model.get(name)
        if not isinstance(path, str) or not path.startswith(OPTIMIZERS):
            continue
        function = getattr(
            importlib.import_module("lightning_gan.training.optimizers"),
            path[len(OPTIMIZERS) :],
            None,
        )
        if not inspect.isfunction(function):
            continue
        made = function([torch.nn.Parameter(torch.zeros(1))])
        arguments = inspect.signature(type(made)).parameters
        values = {
            k: list(v) if isinstance(v, tuple) else v
            for k, v in made.defaults.items()
            if k in arguments
        }
        kind = type(made)
        where = "torch.optim" if kind.__module__.startswith("torch.optim") else kind.__module__
        model[name] = {CLASS: f"{where}.{kind.__name__}", ARGUMENTS: values}
