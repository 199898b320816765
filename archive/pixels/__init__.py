"""Pixels of the archive's images: cutouts, rendering, interpolation. No search and no access rules.

cutouts        part of an image file, its WCS shifted
rendering      images as PNG and JPEG
interpolation, accumulation
               bilinear values on another grid
aligned        cutouts with North up and East left
orientation    stamps turned by quarters and mirrorings, without resampling
"""
