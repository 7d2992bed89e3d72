"""The history of generated images of Shrivastava et al. (2017), section 2.3, which CycleGAN's discriminators judge."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from lightning_gan.arguments import CountOrZero, Size, check_arguments
from lightning_gan.distributed import collectives


class ImagePool(nn.Module):
    """A buffer of generated images that returns old images in place of new ones half of the time.

    Until the pool is full, each new image is stored and returned. After that, with probability 1/2 a new image takes
    the place of a random stored one, which is returned; otherwise the new image is returned and not stored. Images are
    treated one by one, as in the released code of Zhu et al. (2017). The pool is part of the model's state. On several
    devices it is the pool of one device: all hold the same images.

    Args:
        shape: shape of an image, [C, H, W], each 1 to 2^20.
        size: number of images, 0 to 2^20; 50 in the released code. 0: the new images are returned.
    """

    images: Tensor

    @check_arguments
    def __init__(self, shape: Sequence[Size], size: CountOrZero = 50) -> None:
        super().__init__()
        self.size, self.stored = size, 0
        self.register_buffer("images", torch.zeros(size, *shape))

    @torch.no_grad()
    def exchange(self, new: Tensor) -> Tensor:
        """Return new or stored images, and store new ones.

        Args:
            new: generated images of this device, [m, *shape].

        Returns:
            Images without a graph, [m, *shape].
        """
        if not self.size:
            return new.detach()
        every = collectives.all_gather(new.detach())
        replaced = (torch.rand(len(every)) < 0.5).tolist()
        slots = torch.randint(self.size, (len(every),)).tolist()
        rows = zip(every, replaced, slots, strict=True)
        returned = torch.stack([self._exchange_one(*row) for row in rows])
        m, rank = len(new), collectives.rank()
        return returned[rank * m : (rank + 1) * m]

    def _exchange_one(self, image: Tensor, replaces: bool, slot: int) -> Tensor:
        if self.stored < self.size:
            self.images[self.stored] = image
            self.stored += 1
            return image
        if not replaces:
            return image
        old = self.images[slot].clone()
        self.images[slot] = image
        return old

    def get_extra_state(self) -> Tensor:
        """Return the number of stored images, for checkpoints."""
        return torch.tensor(self.stored)

    def set_extra_state(self, state: object) -> None:
        """Take the number of stored images from a checkpoint."""
        self.stored = int(cast(Tensor, state))
