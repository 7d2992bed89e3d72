"""Ways and sums in z, their words, and who judges them."""
