"""AdversarialLoss: base class of the objectives of D and G."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class AdversarialLoss(nn.Module, ABC):
    """Pair of losses that D and G minimise, computed from D's logits.

    Logits have shape [m]; a higher logit means that the example is more likely real. A critic's output, which is not
    the logit of a probability, is called a logit too. Both losses are means over the minibatch, in nats where the
    objective has a unit. The numbers of real and of generated examples may differ, unless the objective pairs them.
    """

    needs_paired_batches: bool = False
    """Whether G's loss also needs D's logits of real examples, as in relativistic objectives."""

    outputs_are_logits: bool = False
    """Whether the sigmoid of the optimal D is a probability, so that the logged V, D(x) and D(G(z)) can be interpreted
    as in the paper."""

    @abstractmethod
    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute L_D.

        Args:
            real: D's logits of real examples, [m].
            fake: D's logits of generated examples, [m].
        """

    @abstractmethod
    def g_loss(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Compute L_G.

        Args:
            fake: D's logits of generated examples, [m], with the graph to G.
            real: D's logits of real examples, [m]; given only if `needs_paired_batches`.
        """
