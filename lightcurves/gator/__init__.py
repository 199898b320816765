"""IRSA's catalog search (Gator), for scripts that call it: objects by place, by a list of places, and by condition.

    catalogs    what can be searched: one catalog for each release, and their columns as IRSA has them
    regions     where is searched: cone, box, polygon, or around each row of an uploaded table
    asked       what a request asks, checked
    found       the rows, with what is computed of them
    written     the answer in each outfmt
    described   the list of catalogs (nph-scan) and a catalog's columns (nph-dd)
    views       HTTP

Source: IRSA's pages on the Catalog Search, Catalog List and Catalog Data Dictionary services, and the clients' sources.
"""
