"""The claims of Goodfellow et al. (2014), each in a file of its own: run, measured, drawn and judged.

`CLAIMS` holds them in the paper's order; `python -m lightning_gan paper` runs them.
"""

from lightning_gan.paper.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
