"""Products: registering files, the files that belong to rows, calibrations, versions, bundles, alert packets.

    register       the rows that stand for files in the tree
    files          which files belong to the rows that a search finds
    calibrations   which calibration an image is made with
    residuals      residuals of images against reference catalogs
    versions       versions of a science image
    bundles        many files as one tar
    alert_packets  reading alert packets back from the tree
    alert_curves   light curves of alert objects, with limits from packets
    alert_nights   a night's alert packets as one tar.gz

Foreign files are checked in archive.ingest before they come here.
"""
