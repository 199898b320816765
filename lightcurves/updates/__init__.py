"""What new images, releases and mirrored archives do to light curves: sources, statistics, periods."""
