"""HiPS and MOC: the references as a hierarchy of HEALPix tiles, and what of the sky is covered.

tiles      one tile: its geometry, sampling, parents, encodings; pure
coverage   sets of HEALPix cells, as MOC; pure
describe   the properties file and the list of surveys; pure
survey     the HiPS of a filter on disk: which references it is made of, and bringing it up to date
views      its addresses
"""
