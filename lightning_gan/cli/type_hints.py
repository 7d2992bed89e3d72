"""Descriptions of types in annotations, and the classes that they accept."""

from argparse import Namespace
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

KINDS = {
    int: "a whole number", float: "a number", bool: "true or false", str: "text",
    dict: "keys with values, such as {a: 1}",
}  # fmt: skip
"""Description of each plain type."""


def list_type_members(annotation: Any) -> list[Any]:
    """List the members of nested unions, without None and `Annotated`."""
    if get_origin(annotation) in (Union, UnionType):
        return [one for part in get_args(annotation) for one in list_type_members(part)]
    if get_origin(annotation) is Annotated:
        return list_type_members(get_args(annotation)[0])
    return [] if annotation in (None, type(None)) else [annotation]


def is_collection(kind: Any) -> bool:
    """Return whether a type is a list, a tuple, a mapping, or another collection of the standard library."""
    standard = getattr(kind, "__module__", "") in ("builtins", "collections", "collections.abc")
    return (
        standard
        and isinstance(kind, type)
        and kind is not str
        and issubclass(kind, Collection | Iterable)
    )


def describe_type(annotation: Any) -> str:
    """Describe the plain types of an annotation, such as "a number or one of auto, all".

    Returns:
        The description; empty if the annotation has no plain type.
    """
    kinds: dict[str, None] = {}
    choices: dict[str, None] = {}
    members = list_type_members(annotation)
    for member in members:
        origin = get_origin(member) or member
        if origin is Literal:
            choices |= dict.fromkeys(map(str, get_args(member)))
        elif isinstance(origin, type) and issubclass(origin, Enum):
            choices |= dict.fromkeys(origin.__members__)
        elif origin in KINDS and not (origin is int and float in members):
            kinds[KINDS[origin]] = None
        elif is_collection(origin) and not find_classes(member):
            example = "[0.5, 0.9]" if takes_numbers(member, float) else "[128, 128]"
            kind = KINDS[dict] if issubclass(origin, Mapping) else f"a list, such as {example}"
            kinds[kind] = None
        elif origin is Callable and not find_classes(member):
            kinds["the full name of a function"] = None
    names = [f"{'one of ' * (len(choices) > 1)}{', '.join(choices)}"] if choices else []
    return " or ".join([*kinds, *names])


def takes_numbers(annotation: Any, *kinds: type) -> bool:
    """Return whether an annotation accepts numbers, of the given kinds or of any, also as elements of a list."""
    return any(
        member in (kinds or (int, float))
        or (
            is_collection(get_origin(member))
            and any(takes_numbers(part, *kinds) for part in get_args(member))
        )
        for member in list_type_members(annotation)
    )


def find_classes(annotation: Any) -> list[type]:
    """Find the classes that an annotation accepts, also as elements of a list or as results of a callable."""
    found: list[type] = []
    for member in list_type_members(annotation):
        origin, inner = get_origin(member), [part for part in get_args(member) if part is not ...]
        if origin is Callable or is_collection(origin):
            found += find_classes(inner[-1]) if inner and not takes_numbers(inner[-1]) else []
        elif (
            isinstance(member, type)
            and not is_collection(member)
            and not issubclass(member, (*KINDS, Enum))
        ):
            found.append(member)
    return list(dict.fromkeys(found))


def find_class_names(value: Any) -> Iterator[str]:
    """Yield the names of classes in a value: a name, a mapping with class_path, or a list of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Namespace | Mapping):
        yield from find_class_names(
            dict(vars(value) if isinstance(value, Namespace) else value).get("class_path")
        )
    elif isinstance(value, Sequence):
        for part in value:
            yield from find_class_names(part)


def resolve_class(name: str, bases: Sequence[type]) -> Any:
    """Find the class or function of a name; None if it does not exist.

    Args:
        name: Full name, or name of a subclass of `bases` without its module.
        bases: Classes that the setting accepts.
    """
    module, dot, last = name.rpartition(".")
    if not dot:
        return next(
            (kind for base in bases for kind in _list_subclasses(base) if kind.__name__ == name),
            None,
        )
    try:
        return getattr(import_module(module), last, None)
    except ImportError:
        return None


def _list_subclasses(base: type) -> Iterator[type]:
    yield base
    kinds: list[type] = type.__subclasses__(base)
    for kind in kinds:
        yield from _list_subclasses(kind)
