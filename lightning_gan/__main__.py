"""`python -m lightning_gan`."""

import sys

if __name__ == "__main__":
    try:
        # here, because it takes seconds, in which Ctrl-C ends the process with a line of its own
        from lightning_gan.command_line.cli import main
        from lightning_gan.starting import allow_interrupts

        allow_interrupts()
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nCtrl-C: broken off. Files that were saved before are whole.\n")
        sys.exit(130)
