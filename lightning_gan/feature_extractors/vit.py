"""The vision transformer of DINOv2 (Oquab et al., 2023), under the names of its published weights; it does not learn.

Blocks are those of Dosovitskiy et al. (2020), LayerNorm first, with a factor on each branch (LayerScale).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 14
POSITIONS = 37  # a side: of images of 518x518, on which training ended
EPS = 1e-6


class Scale(nn.Module):
    """A factor for each number of a token."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """[m, tokens, dim], times the factors."""
        return x * self.gamma


class Attention(nn.Module):
    """Self-attention of several heads, one matrix for queries, keys and values."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[m, tokens, dim] of the same."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed: Tensor = self.proj(
            F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        )
        return mixed


class Perceptron(nn.Module):
    """Two layers and GELU between them, four times as wide."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[m, tokens, dim] of the same."""
        y: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return y


class GatedPerceptron(nn.Module):
    """SwiGLU (Shazeer, 2020), in place of the two layers, with as many weights: the largest size's."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        width = (4 * dim * 2 // 3 + 7) // 8 * 8
        self.w12 = nn.Linear(dim, 2 * width)
        self.w3 = nn.Linear(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[m, tokens, dim] of the same."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        y: Tensor = self.w3(F.silu(gate) * value)
        return y


class Block(nn.Module):
    """Attention, then a perceptron, each added to its input."""

    def __init__(self, dim: int, heads: int, gated: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=EPS), nn.LayerNorm(dim, eps=EPS)
        self.attn = Attention(dim, heads)
        self.ls1, self.ls2 = Scale(dim), Scale(dim)
        self.mlp = GatedPerceptron(dim) if gated else Perceptron(dim)

    def forward(self, x: Tensor) -> Tensor:
        """[m, tokens, dim] of the same."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        y: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return y


class PatchEmbedding(nn.Module):
    """One token of each patch of 14x14 pixels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, stride=PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """[m, patches, dim] of [m, 3, H, W]."""
        tokens: Tensor = self.proj(x).flatten(2).mT
        return tokens


class VisionTransformer(nn.Module):
    """Images to the normalised class token of the last block.

    Args:
        dim: of a token.
        depth: number of blocks.
        heads: of attention.
        gated: whether the perceptrons are SwiGLU.
    """

    def __init__(self, dim: int, depth: int, heads: int, gated: bool = False) -> None:
        super().__init__()
        self.patch_embed = PatchEmbedding(dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + POSITIONS**2, dim))
        self.blocks = nn.Sequential(*(Block(dim, heads, gated) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim, eps=EPS)

    def positions(self, side: int) -> Tensor:
        """Position embedding of side x side patches, [1, 1 + side * side, dim].

        Bicubic between the 37x37 learned ones. As published, the scale is that of side + 0.1, which
        was meant against a rounding error and moves every value a little.
        """
        first, grid = self.pos_embed.split([1, POSITIONS**2], 1)
        grid = grid.mT.unflatten(2, (POSITIONS, POSITIONS))
        factor = (side + 0.1) / POSITIONS
        grid = F.interpolate(grid, scale_factor=(factor, factor), mode="bicubic")
        return torch.cat([first, grid.flatten(2).mT], 1)

    def forward(self, x: Tensor) -> Tensor:
        """[m, dim] of normalised images, [m, 3, S, S], where S is a multiple of 14 other than 518."""
        tokens = self.patch_embed(x)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], 1)
        tokens = self.blocks(tokens + self.positions(x.shape[2] // PATCH))
        token: Tensor = self.norm(tokens[:, 0])
        return token
