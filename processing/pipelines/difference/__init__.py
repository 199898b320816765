"""The difference pipeline: subtraction of a reference, candidates, its products."""
