"""The detector: overscan, flat-fielding, defects, cosmic rays, tracks, lamp exposures, stacks. Pure."""
