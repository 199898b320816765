"""The pages: each view parses, calls the archive, answers."""
