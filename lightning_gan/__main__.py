"""`python -m lightning_gan`."""

from lightning_gan.cli import main

if __name__ == "__main__":
    main()
