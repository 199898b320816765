"""The API of SNAD's ZTF database, version 3, for scripts and viewers that call it.

    curves   which objects and points a request asks for, and what is answered of each
    views    HTTP

Source: the clients (SNAD's ztf-viewer, Fink), and the database's own page of help.
"""
