"""Updates of light curves by new images, releases and mirrored archives: sources, statistics, periods."""
