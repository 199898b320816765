"""Tables of search results on pages.

Parameters (`asked`), the table (`results`), the conditions of a search (`chips`), conditions that are added
(`narrowing`), rows that are chosen (`choosing`), plots of rows (`plots`).

The rows are decided by archive.search and lightcurves.catalog; labels and digits by archive.tables.presentation.
"""
