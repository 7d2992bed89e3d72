"""Entry point of `python -m lightning_gan` and of the console script `lightning-gan`."""

import sys


def main() -> None:
    """Run a command; on Ctrl-C, print one line and exit with status 130."""
    try:
        # imported here, so that Ctrl-C during the import is caught below
        from lightning_gan.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. Saved files are intact.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
