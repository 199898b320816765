"""The protocol layer under TAP, the data access layer (DALI) and IRSA's services.

    errors      the one BadRequestError, and what is denied
    parameters  a request's parameters in each protocol's dialect; MAXREC
    refusals    error documents in each protocol's form

Nothing here knows a service. Which parameters an address takes is in archive.requests.parameters.
"""
