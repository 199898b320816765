"""Releases as HATS catalogs: what LSDB opens and DuckDB scans, in IRSA's names and types.

A collection is a catalog, an index of it by object number, and a margin cache. There are two: of light curves, and of
objects with their statistics.

Source: HATS, the Hierarchical Adaptive Tiling Scheme, https://www.ivoa.net/documents/Notes/HATS/
"""
