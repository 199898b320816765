"""Tables of search results: which columns and rows a page shows (`asked`), and how (`results`); chips of the search.

What the rows are is decided by archive.search and lightcurves.catalog; what a column is called by archive.tables.
"""
