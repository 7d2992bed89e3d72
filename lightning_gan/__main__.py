"""`python -m lightning_gan`."""

import sys

if __name__ == "__main__":
    try:
        from lightning_gan.command_line.cli import (
            main,
        )  # seconds, in which a person may think better of it

        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nCtrl-C: nothing was trained yet, and nothing is left.\n")
        sys.exit(130)
