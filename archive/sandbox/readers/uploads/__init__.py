"""Readers of tables that people bring: VOTable, FITS, Parquet, IPAC table, ECSV, CSV and its kin.

    tables      the table of a file, whatever its format
    votables, fitsvalues, declaredtexts, dialects
                values of each format, held against what their columns declare
    values      refusals of values
    copying     a table as PostgreSQL's COPY reads it

A value is kept as it is, or refused with its column and row; none is changed silently.
"""
