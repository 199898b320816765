"""Values that stand for a number that is not known, in ZTF's packets, catalogs and tables."""

UNKNOWN = (-999.0, -9999.0, -99999.0)
