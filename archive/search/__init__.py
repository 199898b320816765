"""Search: images and other product families by position, time and metadata; WHERE clauses; names.

    query          one question about any family, asked alike by pages, REST and the IRSA services
    families       the product families: their columns as IRSA names them
    comparisons    parts of a query that rows are compared with
    facets         how many rows there are for each value of a part
    as_adql        a search as a query in ADQL
    region_conditions
                   how footprints and places lie to regions of the sky, as SQL
    box_conditions how footprints lie to boxes on the sky, as SQL
    where          the part of SQL-92 that a WHERE may say, as a tree; pure
    where_sql      such a tree as a database expression
    names          what a visitor types into the search box
    name_services  where a name lies: our tables, Sesame where switched on
    region_images  the images in a region or probability map that somebody brings

Answers are written by archive.tables, not here.
"""
