"""What is cut out around many targets, or around one target through time.

lists     reading a list of targets: pasted text, CSV, VOTable, IPAC table
pieces    which part of which file belongs to which target
bundle    the pieces as one tar: streamed, or made by a user job
aligned   one piece with North up and East left
movie     aligned pieces in time as an animation
"""
