"""`python -m lightning_gan`."""

import sys

if __name__ == "__main__":
    try:
        # here, because it takes seconds; those of torch and Lightning, which the package itself imports, come before
        from lightning_gan.command_line.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nCtrl-C: broken off. Files that were saved before are whole.\n")
        sys.exit(130)
