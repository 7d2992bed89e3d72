"""Analysis of a trained model: densities, latent space, probes, few labels."""
