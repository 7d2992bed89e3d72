"""`python -m lightning_gan`."""

from lightning_gan.command_line.cli import main

if __name__ == "__main__":
    main()
