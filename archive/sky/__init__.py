"""Geometry on the sphere: unit vectors, boxes, footprints, regions. Pure: no Django, no database.

sphere      separation, unit vectors, mean direction
boxes       regions and how footprints lie to them, exactly on the sphere
footprints  where an image lies on the sky, from its header
shapes      DALI's CIRCLE, RANGE and POLYGON
regions     what searches take as a region: circle, polygon, positions, MOC
skymaps     regions and probability maps that people bring, and how much of them footprints cover
"""
