"""REST for programs: the same verbs as the pages."""
