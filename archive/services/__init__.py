"""Services that speak a protocol to the outside: IRSA's interfaces, HiPS, the Virtual Observatory.

Services ask the rooms below (search, tables, pixels, products, access); no room below imports a service.
"""
