"""Plots that are drawn on the server: residuals, the sky map, query results, forced photometry."""
