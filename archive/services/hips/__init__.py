"""HiPS and MOC: the references as a hierarchy of HEALPix tiles, and what of the sky is covered.

tiles      one tile: its geometry, sampling, parents, encodings; pure
coverage   sets of HEALPix cells, as MOC; pure
kept       coverage in parts by field, so that what is known is not computed again; pure
images     the sky that images cover as a reader may see them, and the parts that are kept for it
describe   the properties file and the list of surveys; pure
config     every number that the HiPS turns on; pure
models     which references stand in which tiles
sync       which filters are out of date, and bringing them up to date
orders     receivers of releases: which filters the queue makes anew
survey     the HiPS of a filter on disk: which references it is made of, and bringing it up to date
views      its addresses
"""
