"""The alert archive and its search."""
