"""Vision transformer of DINOv2 (Oquab et al. 2023), for inference, with the names of its published weights.

Blocks are those of Dosovitskiy et al. (2020), with pre-LayerNorm and LayerScale.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 14
POSITIONS = 37  # patches along a side of the 518x518 images at the end of training
EPS = 1e-6


class Scale(nn.Module):
    """LayerScale: a factor for each feature of a token."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply tokens, [m, tokens, dim], by the factors."""
        return x * self.gamma


class Attention(nn.Module):
    """Multi-head self-attention with one matrix for queries, keys and values."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens, [m, tokens, dim], to the same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed: Tensor = self.proj(
            F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        )
        return mixed


class Perceptron(nn.Module):
    """Two linear layers with GELU, four times as wide in between."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens, [m, tokens, dim], to the same shape."""
        y: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return y


class GatedPerceptron(nn.Module):
    """SwiGLU (Shazeer 2020) of the largest transformer, with as many weights as `Perceptron`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        width = (4 * dim * 2 // 3 + 7) // 8 * 8
        self.w12 = nn.Linear(dim, 2 * width)
        self.w3 = nn.Linear(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens, [m, tokens, dim], to the same shape."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        y: Tensor = self.w3(F.silu(gate) * value)
        return y


class Block(nn.Module):
    """Transformer block: attention, then a perceptron, each with a residual connection."""

    def __init__(self, dim: int, heads: int, gated: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=EPS), nn.LayerNorm(dim, eps=EPS)
        self.attn = Attention(dim, heads)
        self.ls1, self.ls2 = Scale(dim), Scale(dim)
        self.mlp = GatedPerceptron(dim) if gated else Perceptron(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens, [m, tokens, dim], to the same shape."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        y: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return y


class PatchEmbedding(nn.Module):
    """Linear embedding of patches of 14x14 pixels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, stride=PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """Map images, [m, 3, H, W], to tokens, [m, patches, dim]."""
        tokens: Tensor = self.proj(x).flatten(2).mT
        return tokens


class VisionTransformer(nn.Module):
    """Transformer from images to the normalized class token of the last block.

    Args:
        dim: Length of a token.
        depth: Number of blocks.
        heads: Number of attention heads.
        gated: Whether the perceptrons are SwiGLU.
    """

    def __init__(self, dim: int, depth: int, heads: int, gated: bool = False) -> None:
        super().__init__()
        self.patch_embed = PatchEmbedding(dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + POSITIONS**2, dim))
        self.blocks = nn.Sequential(*(Block(dim, heads, gated) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim, eps=EPS)

    def positions(self, side: int) -> Tensor:
        """Compute the position embedding of side x side patches, [1, 1 + side * side, dim].

        It is a bicubic interpolation of the 37x37 learned embeddings. As published, the scale is that
        of side + 0.1, which avoids a rounding error and changes every value slightly.
        """
        first, grid = self.pos_embed.split([1, POSITIONS**2], 1)
        grid = grid.mT.unflatten(2, (POSITIONS, POSITIONS))
        factor = (side + 0.1) / POSITIONS
        grid = F.interpolate(grid, scale_factor=(factor, factor), mode="bicubic")
        return torch.cat([first, grid.flatten(2).mT], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalized images, [m, 3, S, S], to tokens, [m, dim]; S is a multiple of 14 other than 518."""
        tokens = self.patch_embed(x)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], 1)
        tokens = self.blocks(tokens + self.positions(x.shape[2] // PATCH))
        token: Tensor = self.norm(tokens[:, 0])
        return token
