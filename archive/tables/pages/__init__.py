"""Tables of search results on pages: parameters (`asked`), the table (`results`), the search's conditions (`chips`).

The rows are decided by archive.search and lightcurves.catalog; labels and digits by archive.tables.presentation.
"""
