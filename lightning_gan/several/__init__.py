"""Several devices are one: draws, means, and leaving together."""
