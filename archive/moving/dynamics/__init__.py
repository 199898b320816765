"""Orbits and where they are seen: elements, n-body motion, ephemerides, crossings. Pure; no Django."""
