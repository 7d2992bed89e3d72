"""`python -m lightning_gan` and the console script `lightning-gan`."""

import sys


def main() -> None:
    """Run a command; at Ctrl-C, say so in one line and leave with status 130."""
    try:
        # imported here, so that Ctrl-C meanwhile ends the process with a line of its own
        from lightning_gan.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:
        sys.stderr.write("\nCtrl-C: broken off. Files that were saved before are whole.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
