"""ObsCore: everything that was observed, as one table in the Virtual Observatory's words (ivoa.obscore)."""
