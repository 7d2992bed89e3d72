"""Analysis of trained models: densities, theory, latent space, probes and classifiers from few labels."""
