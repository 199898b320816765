"""IRSA's interfaces to ZTF's images, so exact that its clients work after their base address is changed.

    ibe_parameters  what a request to /ibe/search asks
    ibe_search      the answer: archive.search, streamed in IRSA's formats
    listings        lists of folders, which scripts and wget follow
    login           /account/signon and its cookie
    views           HTTP: files, directory listings and cutouts of the product tree

They are thin: what is searched, who may see it, how files and cutouts are made stands in archive's own modules.
"""
