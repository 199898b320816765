"""The search for the one period of a star: candidates from several periodograms, P against its multiples, confidence.

`find` goes through the steps; each of the others is one of them. Nothing here is called by the periodograms.
"""
