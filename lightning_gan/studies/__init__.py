"""Studies: many runs and one conclusion. The paper's claims and published benchmarks."""
