"""Orbits, ephemerides, and which exposures a moving object crossed."""
