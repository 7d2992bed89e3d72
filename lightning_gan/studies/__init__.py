"""Studies over many runs: the claims of the 2014 paper, and published benchmarks."""
