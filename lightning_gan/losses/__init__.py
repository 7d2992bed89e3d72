"""What each player minimises: two scalars from D's scores; one paper a file."""

from lightning_gan.losses.base import AdversarialLoss
from lightning_gan.losses.minimax import Minimax, NonSaturating

__all__ = ["AdversarialLoss", "Minimax", "NonSaturating"]
