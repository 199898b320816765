"""The error that says why a file is not taken."""


class RefusedError(ValueError):
    """A file that the archive does not take; the message says what is wrong with it.

    ours : whether the fault is not the file's (a full disk, a database that does not answer): it may be tried again
    """

    def __init__(self, reason: str, ours: bool = False):
        super().__init__(reason)
        self.ours = ours
