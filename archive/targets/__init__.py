"""Cutouts around many targets, or around one target through time.

lists     reading a list of targets: pasted text, CSV, VOTable, IPAC table
cutouts   which part of which file belongs to which target
bundle    the cutouts as one tar: streamed, or made by a user job
movie     aligned cutouts in time as an animation
"""
