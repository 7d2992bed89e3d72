"""The base class of errors that the user can correct."""


class UserError(ValueError):
    """An error that the user can correct; the command line prints its message as one sentence.

    The message names what is wrong, what was expected, and what to do. Every other exception that leaves a command is
    a bug and keeps its traceback.
    """
