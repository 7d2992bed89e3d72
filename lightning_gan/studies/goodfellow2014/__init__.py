"""Claims of Goodfellow et al. (2014), one in each file, with the experiment and the criterion that decide them.

`CLAIMS` lists them in the order of the paper; `python -m lightning_gan reproduce` runs them.
"""

from lightning_gan.studies.goodfellow2014 import (
    all_conditionals,
    balance,
    cifar10,
    cifar10_recipes,
    conditional,
    coordination,
    criterion,
    early_gradients,
    figure1,
    figure2,
    figure3,
    helvetica,
    inference,
    memorisation,
    optimal_discriminator,
    proposition_2,
    semi_supervised,
    table1,
    table1_released,
)
from lightning_gan.studies.goodfellow2014.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    early_gradients.CLAIM,
    balance.CLAIM,
    figure1.CLAIM,
    optimal_discriminator.CLAIM,
    criterion.CLAIM,
    proposition_2.CLAIM,
    table1.CLAIM,
    table1_released.CLAIM,
    figure2.CLAIM,
    figure2.FACES,
    figure2.CIFAR10,
    memorisation.CLAIM,
    figure3.CLAIM,
    cifar10.CLAIM,
    cifar10_recipes.CLAIM,
    helvetica.CLAIM,
    conditional.CLAIM,
    inference.CLAIM,
    all_conditionals.CLAIM,
    semi_supervised.CLAIM,
    coordination.CLAIM,
)
