"""Cutouts around many targets, or around one target through time.

lists     reading a list of targets: pasted text, CSV, VOTable, IPAC table
cutouts   which part of which file belongs to which target
moving    the cutouts of a moving object, around its places
frames    cutouts on grids alike: North up, one zero point, one stretch
drawn     what a tar holds: FITS files, pictures, or movies
bundle    the cutouts as one tar: streamed, or made by a user job
movie     frames in time as an animation, or one by one
comparison  one place in several epochs, filters and kinds of image
"""
