"""ADQL's geometry in PostgreSQL: exact conditions, behind a sky index (Q3C) where there is one.

    reader       POINT, CIRCLE, BOX, POLYGON, REGION, CENTROID and columns of geometries
    shapes       geometries, their numbers, circles around them
    predicates   CONTAINS, INTERSECTS, DISTANCE
    region_text  STC-S and DALI

The sphere itself is in archive.sky.
"""
