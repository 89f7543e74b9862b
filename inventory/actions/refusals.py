"""What can be refused. Each message is fit to show to the person who asked."""


class CannotSave(Exception):
    """The message is fit to show to the person who asked."""


class UnknownCategory(Exception):
    """No category has this path. The message is fit to show to the person who asked."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no category “{path}”. Create it first, or choose another.")


class Stale(Exception):
    """Somebody else was faster. The message is fit to show to the person who asked."""

    def __init__(self, current: int) -> None:
        super().__init__(
            f"Somebody changed this in the meantime: it is now version {current}. "
            "Read it again, then repeat your change."
        )
        self.current = current
