"""Why a file is not taken."""


class Refused(ValueError):
    """A file that the archive does not take; the message says what is wrong with it."""
