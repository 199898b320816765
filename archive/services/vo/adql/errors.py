"""The one error of the translator."""


class ADQLError(ValueError):
    """A query that is not ADQL, or that asks for what is not here.

    message : what is wrong and what was expected
    line, column : 1-based place of the offending word, or None where none can be named
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        self.message, self.line, self.column = message, line, column
        position = f" (line {line}, column {column})" if line else ""
        super().__init__(message + position)
