"""Reference catalogs: the stars that calibration is done against.

    refcats     tables of stars into the database
    servers     regions of sky from the network, tile by tile

Which stars a pipeline uses is decided in processing.
"""
