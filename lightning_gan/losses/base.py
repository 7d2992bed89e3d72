"""What every adversarial objective promises: two scalars, from raw scores."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class AdversarialLoss(nn.Module, ABC):
    """The two scalars that D and G each descend.

    Scores are raw: no sigmoid has been applied. Shape: [m]. A high score says "real". Both values are in
    nats where the objective has a unit, and are means over the minibatch. An objective that pairs the i-th example with
    the i-th sample refuses numbers that differ; all others take any number of each.
    """

    needs_paired_batches: bool = False
    """Whether G's objective reads D's scores of real data (relativistic objectives do)."""

    outputs_are_logits: bool = False
    """Whether the best D's sigmoid is a probability, so that V, D(x) and D(G(z)) are what they are called."""

    @abstractmethod
    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_D, to be minimised by D.

        Args:
            real: D's scores of m examples, [m].
            fake: D's scores of m samples, [m].
        """

    @abstractmethod
    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """L_G, to be minimised by G.

        Args:
            fake: D's scores of m samples, [m], with the graph that leads to G.
            real: D's scores of m examples, [m]; given only where `needs_paired_batches`.
        """
