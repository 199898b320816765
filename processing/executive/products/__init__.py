"""Files that a run reads and writes: writers of products, files of the tree, reference stars, chosen calibrations."""
