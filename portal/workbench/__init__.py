"""The image workbench: which planes, epochs and catalogs a science image's viewer shows to its reader.

planes     the image itself, its difference, reference, uncertainty and mask, as plain FITS
epochs     other images of the same quadrant, for blinking and for colour
sources    catalogs and objects within an image, with their pixels
"""
