"""Decorator that checks numeric arguments against the domains in their annotations."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial, wraps
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from lightning_gan.arguments.domain import Domain, format_number
from lightning_gan.utils.errors import UserError

Violation = tuple[str, Any, str]  # name, such as widths[1]; value; domain
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@overload
def check_arguments(function: Decorated) -> Decorated: ...


@overload
def check_arguments(*, prefix: str) -> Callable[[Decorated], Decorated]: ...


def check_arguments(function: Any = None, *, prefix: str = "") -> Any:
    """Decorate a function, an `__init__` or a dataclass so that each call checks its numeric arguments.

    The domains are read from the annotations at the first call. A value outside its domain raises a UserError that
    names the class or function, the argument, the value and the domain. A check takes about 10 microseconds.

    Args:
        function: Function, `__init__` or dataclass. For a dataclass, put this decorator above `@dataclass`.
        prefix: Text before the name of an argument in messages, such as "run."; the class or function by default.

    Returns:
        The decorated function or class.
    """
    return partial(_decorate, prefix=prefix) if function is None else _decorate(function, prefix)


def _decorate(function: Any, prefix: str) -> Any:
    """Decorate a function or class."""
    if isinstance(function, type):
        kind: Any = function
        kind.__init__ = _decorate(kind.__init__, prefix)
        return kind
    signature = inspect.signature(function)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python's own error for missing and unknown arguments
        is_init = function.__name__ == "__init__"
        owner = type(args[0]).__name__ if is_init else function.__name__
        for argument, annotation in find_domains(function).items():
            if argument in given:
                default = signature.parameters[argument].default
                check_value(prefix or f"{owner}: ", argument, given[argument], annotation, default)
        return function(*args, **kwargs)

    return checked


@cache
def find_domains(function: Callable[..., Any]) -> dict[str, Any]:
    """Find the annotations of a function that contain a Domain, by name of the argument."""
    hints = get_type_hints(function, include_extras=True)
    return {n: hint for n, hint in hints.items() if n != "return" and has_domain(hint)}


def has_domain(annotation: Any) -> bool:
    """Return whether an annotation contains a Domain."""
    own = getattr(annotation, "__metadata__", ())
    inner = get_args(annotation)
    return any(isinstance(part, Domain) or has_domain(part) for part in (*own, *inner))


def check_value(prefix: str, name: str, value: Any, annotation: Any, default: Any = ...) -> None:
    """Check one value against the domains in an annotation.

    Args:
        prefix: Text before the name of the argument in the message.
        name: Name of the argument.
        value: Value of the argument.
        annotation: Type with domains, such as `Sequence[Size]` or `Positive | None`.
        default: Default of the argument.

    Raises:
        UserError: The value is outside its domain.
    """
    violation = find_violation(name, value, annotation)
    if violation:
        where, what, wanted = violation
        optional = NoneType in list_alternatives(annotation)
        instead = (", or leave it out" if default is None else ", or null") if optional else ""
        raise UserError(f"{prefix}{where} is {format_number(what)}; give {wanted}{instead}.")


def find_violation(name: str, value: Any, annotation: Any) -> Violation | None:
    """Find the first number outside its domain; None if there is none."""
    members = list_alternatives(annotation)
    plain_types = [m for m in members if isinstance(m, type) and not has_domain(m)]
    if isinstance(value, tuple(plain_types)):
        return None  # None, or a str where names are allowed
    found = [find_violation_in_member(name, value, m) for m in members if has_domain(m)]
    violations = [each for each in found if each is not None]
    if len(violations) < len(found) or not violations:
        return None  # the value is in one of the domains
    where, what, _ = violations[0]
    return where, what, " or ".join(wanted for _, _, wanted in violations)


def find_violation_in_member(name: str, value: Any, annotation: Any) -> Violation | None:
    """Find the first number outside its domain, for an annotation that is not a union."""
    domains = [d for d in getattr(annotation, "__metadata__", ()) if isinstance(d, Domain)]
    if domains:
        return None if domains[0].contains(value) else (name, value, str(domains[0]))
    origin, inner = get_origin(annotation), get_args(annotation)
    if not isinstance(origin, type) or not issubclass(origin, Collection):
        return None
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return name, value, "a list"
    if issubclass(origin, Mapping):
        return find_first_violation((f"{name}[{k!r}]", v, inner[1]) for k, v in value.items())
    fixed = issubclass(origin, tuple) and inner[-1] is not Ellipsis
    if fixed and len(value) != len(inner):
        return name, value, f"{len(inner)} numbers"
    kinds: Sequence[Any] = inner if fixed else [inner[0]] * len(value)
    return find_first_violation((f"{name}[{i}]", v, kinds[i]) for i, v in enumerate(value))


def find_first_violation(entries: Any) -> Violation | None:
    """Find the first number outside its domain in entries of (name, value, annotation)."""
    return next((found for entry in entries if (found := find_violation(*entry))), None)


def list_alternatives(annotation: Any) -> tuple[Any, ...]:
    """List the members of a union; for another annotation, the annotation."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)
