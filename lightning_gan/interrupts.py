"""The exception that ends a validation or a test when a signal arrives."""


class EvaluationInterrupted(BaseException):
    """A signal arrived while samples were scored. The run is on disk before any evaluation begins.

    A BaseException, as KeyboardInterrupt, so that no `except Exception` on the way keeps it.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number
