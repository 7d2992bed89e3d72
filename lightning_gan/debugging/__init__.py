"""Execute recorded steps again and find the first tensor that is not finite."""
