"""Every numeric argument of every public class, function and command has a domain, is documented, and is checked."""

import inspect
import math
import re
from collections.abc import Callable, Collection
from typing import get_args, get_origin, get_type_hints

from minimal import minimal

import callbacks
import datamodules
from lightning_gan import (
    evaluation,
    feature_extractors,
    losses,
    metrics,
    models,
    networks,
    priors,
    regularizers,
)
from lightning_gan.analysis import few_labels, latent_space, probes
from lightning_gan.arguments import Domain, find_domains
from lightning_gan.cli.actions import estimate
from lightning_gan.cli.actions.slurm import SlurmJob
from lightning_gan.cli.registry import COMMANDS
from lightning_gan.evaluation import baselines
from lightning_gan.metrics import collapse, memorisation, modes, nearest
from lightning_gan.models import gan, latent_inference, masks
from lightning_gan.studies.goodfellow2014.plane_densities import Correlated
from lightning_gan.tracking.runs import Run
from lightning_gan.training import ema, optimizers

SECTIONS = (
    callbacks,
    datamodules,
    evaluation,
    feature_extractors,
    losses,
    metrics,
    networks,
    optimizers,
    regularizers,
    models,
)
WITHOUT_A_LIST = (
    masks,
    priors,
    collapse,
    memorisation,
    modes,
    nearest,
)  # everything in them is public
MORE = (
    baselines.KMeans, ema.EMA, few_labels.fit_classifier, gan.GAN, latent_inference.NoiseDataModule,
    latent_space.interpolate_samples,
    latent_space.sample_around, probes.extract_pooled_features, probes.compute_svm_error, Correlated, SlurmJob, Run,
    estimate.EstimateOptions,
)  # fmt: skip
RESULTS = (
    evaluation.EvaluationProtocol,
    evaluation.Score,
    metrics.ParzenScore,
)  # made by code, given by no user
TRIED = (-1, 0, math.nan, math.inf, -math.inf, 1e20, 2**63, 10**20, True, "many")
OURS = ("lightning_gan", "datamodules", "callbacks")


def public() -> list[Callable]:
    found = [getattr(folder, name) for folder in SECTIONS for name in folder.__all__]
    for folder in WITHOUT_A_LIST:
        found += [
            thing
            for name, thing in vars(folder).items()
            if getattr(thing, "__module__", "") == folder.__name__ and not name.startswith("_")
        ]
    found += [
        *MORE,
        *(c.module.import_function() for c in COMMANDS.values() if not c.takes_settings),
    ]
    return [
        thing
        for thing in dict.fromkeys(found)
        if (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing not in RESULTS
        and not (inspect.isclass(thing) and issubclass(thing, (tuple, Exception)))
        and not getattr(thing, "_is_protocol", False)
        and getattr(called(thing), "__module__", "").startswith(OURS)
    ]


def called(thing: Callable) -> Callable:
    return thing.__init__ if inspect.isclass(thing) else thing


def is_numeric(hint) -> bool:
    """Return whether a type contains numbers, outside functions and dictionaries."""
    if get_origin(hint) is Callable or "Callable" in str(get_origin(hint)):
        return False
    return hint in (int, float) or any(is_numeric(part) for part in get_args(hint))


def numbers(thing: Callable) -> list[str]:
    function = called(thing)
    if not inspect.isfunction(function):
        return []
    hints = get_type_hints(function)
    return [name for name, hint in hints.items() if name != "return" and is_numeric(hint)]


def domains_in(hint) -> list[Domain]:
    own = [d for d in getattr(hint, "__metadata__", ()) if isinstance(d, Domain)]
    return own + [d for part in get_args(hint) for d in domains_in(part)]


def documentation(thing: Callable) -> str:
    owners = thing.__mro__ if inspect.isclass(thing) else (thing,)
    return "\n".join(inspect.getdoc(owner) or "" for owner in owners)


PUBLIC = {thing: names for thing in public() if (names := numbers(thing))}


def test_numbers_are_found_in_every_package():
    sections = {thing.__module__.split(".")[0] for thing in PUBLIC}
    assert sections == {"callbacks", "datamodules", "lightning_gan"}
    assert sum(map(len, PUBLIC.values())) > 400


def test_a_number_has_a_domain_and_is_documented():
    wrong = []
    for thing, names in PUBLIC.items():
        function = called(thing)
        if not hasattr(function, "__wrapped__"):
            wrong.append(f"{thing.__name__}: decorate it with check_arguments")
            continue
        hints, documented = find_domains(function.__wrapped__), documentation(thing)
        for name in names:
            if not domains_in(hints.get(name)):
                wrong.append(f"{thing.__name__}: {name} has no domain: annotate it: {name}: Count")
            if thing is not estimate.EstimateOptions and not re.search(
                rf"^\s+{name}: ", documented, re.MULTILINE
            ):
                wrong.append(f"{thing.__name__}: {name} is not documented")
    assert not wrong, "\n".join(wrong)


def refused(build: Callable) -> str:
    try:
        build()
    except ValueError as error:
        return str(error)
    return ""


def outside(hint) -> list:
    return [v for v in TRIED if not any(domain.contains(v) for domain in domains_in(hint))]


def shaped(hint, value):
    """Put a value into a list of one or two, as its type requires."""
    for part in get_args(hint) if type(None) in get_args(hint) else (hint,):
        if isinstance(get_origin(part), type) and issubclass(get_origin(part), Collection):
            fixed = get_origin(part) is tuple and get_args(part)[-1] is not Ellipsis
            return [value] * (len(get_args(part)) if fixed else 1)
    return value


def required(thing) -> list[str]:
    parameters = inspect.signature(called(thing)).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.name != "self"]


def valid(thing) -> dict:
    """Return a number in its domain for each required argument."""
    hints = find_domains(called(thing).__wrapped__)
    return {
        name: shaped(
            hints[name], next(v for v in (2, 1, 0.5) if domains_in(hints[name])[0].contains(v))
        )
        for name in required(thing)
        if name in hints
    }


def test_a_number_outside_its_domain_is_refused():
    """Only the domain is checked: the other arguments are invalid."""
    wrong = []
    for thing in [t for t in PUBLIC if not inspect.isabstract(t)]:
        hints = find_domains(called(thing).__wrapped__)
        others = {name: object() for name in required(thing)} | valid(thing)
        for name, value in [(n, v) for n in PUBLIC[thing] for v in outside(hints[n])]:
            given = others | {name: shaped(hints[name], value)}
            said = refused(lambda: thing(**given))
            if not re.search(rf"^[^\n]*{name}[^\n]* is [^\n]+; give [^\n]+$", said):
                wrong.append(f"{thing.__name__}: {name}={value!r}: {said or 'accepted'}")
    assert not wrong, "\n".join(wrong)


def test_a_number_inside_its_domain_is_accepted_or_does_not_fit_another_argument():
    wrong = []
    for thing in [t for t in PUBLIC if inspect.isclass(t) and not inspect.isabstract(t)]:
        hints = find_domains(called(thing).__wrapped__)
        others = {name: object() for name in required(thing)}
        tried = [(n, v) for n in PUBLIC[thing] for v in TRIED if v not in outside(hints[n])]
        for name, value in tried:
            given = others | valid(thing) | minimal(thing) | {name: shaped(hints[name], value)}
            if "\n" in (said := refused(lambda: thing(**given))):
                wrong.append(f"{thing.__name__}: {name}={value!r}: {said}")
    assert not wrong, "\n".join(wrong)
