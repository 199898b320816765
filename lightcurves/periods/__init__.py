"""Period search on arrays: Lomb-Scargle, analysis of variance, and the search that combines them. No Django."""
