"""The storage of light curves: recent points as rows, settled points as packed chunks; one statement reads both.

store    appends the points of an image; finds objects; compacts
read     light curves with a reader's rights, joined with their images and corrected
recent   the partitioned table of recent points
chunks   packed points of one object and program
codec    how a chunk is packed; pure
healpix  HEALPix numbers of positions; pure
"""
