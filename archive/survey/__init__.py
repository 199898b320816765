"""Pure facts of the survey: camera, field grid, identifiers, file names, mask and info bits."""
