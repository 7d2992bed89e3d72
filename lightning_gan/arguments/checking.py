"""One decorator that checks numeric arguments against the domains in their annotations."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial, wraps
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from lightning_gan.arguments.domain import Domain, format_number
from lightning_gan.utils.errors import UserError

Wrong = tuple[str, Any, str]  # place, such as widths[1]; value; domain
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@overload
def check_arguments(function: Decorated) -> Decorated: ...


@overload
def check_arguments(*, prefix: str) -> Callable[[Decorated], Decorated]: ...


def check_arguments(function: Any = None, *, prefix: str = "") -> Any:
    """Decorate a function, an `__init__` or a dataclass: its numeric arguments are checked at every call.

    The domains are read from the annotations once, at the first call. A value outside its domain raises a ValueError
    of one sentence that names the class or function, the argument, the value and the domain. Not for hot paths: a
    check of a call takes about 10 microseconds.

    Args:
        function: What to decorate. Of a dataclass, place this decorator above `@dataclass`.
        prefix: What messages put before the name of an argument, such as "run."; the class or function if it is
            not given.
    """
    return partial(decorate, prefix=prefix) if function is None else decorate(function, prefix)


def decorate(function: Any, prefix: str) -> Any:
    """As check_arguments, with both arguments given."""
    if isinstance(function, type):
        kind: Any = function
        kind.__init__ = decorate(kind.__init__, prefix)
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
        for argument, annotation in domains_of(function).items():
            if argument in given:
                default = signature.parameters[argument].default
                check_value(prefix or f"{owner}: ", argument, given[argument], annotation, default)
        return function(*args, **kwargs)

    return checked


@cache
def domains_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function that hold a Domain, by the name of the argument."""
    hints = get_type_hints(function, include_extras=True)
    return {n: hint for n, hint in hints.items() if n != "return" and holds_domain(hint)}


def holds_domain(annotation: Any) -> bool:
    """Return whether a Domain is anywhere in an annotation."""
    own = getattr(annotation, "__metadata__", ())
    inner = get_args(annotation)
    return any(isinstance(part, Domain) or holds_domain(part) for part in (*own, *inner))


def check_value(prefix: str, name: str, value: Any, annotation: Any, default: Any = ...) -> None:
    """Check one value against the domains in an annotation.

    Args:
        prefix: What the sentence puts before the name of the argument.
        name: Name of the argument.
        value: What was given for it.
        annotation: Type with domains, such as `Sequence[JobResources]` or `Positive | None`.
        default: Value of the argument where it is left out.

    Raises:
        ValueError: naming the argument, the value and the domain.
    """
    wrong = find_wrong(name, value, annotation)
    if wrong:
        place, what, wanted = wrong
        optional = NoneType in alternatives(annotation)
        instead = (", or leave it out" if default is None else ", or null") if optional else ""
        raise UserError(f"{prefix}{place} is {format_number(what)}; give {wanted}{instead}.")


def find_wrong(name: str, value: Any, annotation: Any) -> Wrong | None:
    """Return the first number that lies outside its domain, or None."""
    members = alternatives(annotation)
    without = [m for m in members if isinstance(m, type) and not holds_domain(m)]
    if isinstance(value, tuple(without)):
        return None  # None, or a str where a name is allowed as well
    found = [find_wrong_in(name, value, m) for m in members if holds_domain(m)]
    wrong = [each for each in found if each is not None]
    if len(wrong) < len(found) or not wrong:
        return None  # one of the alternatives holds
    place, what, _ = wrong[0]
    return place, what, " or ".join(wanted for _, _, wanted in wrong)


def find_wrong_in(name: str, value: Any, annotation: Any) -> Wrong | None:
    """As find_wrong, for an annotation that is no union."""
    domains = [d for d in getattr(annotation, "__metadata__", ()) if isinstance(d, Domain)]
    if domains:
        return None if domains[0].holds(value) else (name, value, str(domains[0]))
    origin, inner = get_origin(annotation), get_args(annotation)
    if not isinstance(origin, type) or not issubclass(origin, Collection):
        return None
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return name, value, "a list"
    if issubclass(origin, Mapping):
        return first_wrong((f"{name}[{k!r}]", v, inner[1]) for k, v in value.items())
    fixed = issubclass(origin, tuple) and inner[-1] is not Ellipsis
    if fixed and len(value) != len(inner):
        return name, value, f"{len(inner)} numbers"
    kinds: Sequence[Any] = inner if fixed else [inner[0]] * len(value)
    return first_wrong((f"{name}[{i}]", v, kinds[i]) for i, v in enumerate(value))


def first_wrong(entries: Any) -> Wrong | None:
    """As find_wrong, for the entries of a list or mapping."""
    return next((wrong for entry in entries if (wrong := find_wrong(*entry))), None)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union; of any other annotation, itself."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)
