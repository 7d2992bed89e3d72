"""Base class of errors that the user can correct."""


class UserError(ValueError):
    """Error that the user can correct; the command line prints its message without a traceback.

    The message is one sentence: what is wrong, what was expected, and what to do.
    """
