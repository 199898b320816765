"""The product tree on disk and how its files leave: storage, delivery over HTTP, download scripts, folders.

    atomic            files that appear whole or not at all
    storage           the tree: files are written first, then registered
    placing           final names for files whose rows are committed
    delivery          files over HTTP, whole or in part, resumable
    download_scripts  scripts that fetch the files of a selection
    folders           folders of the tree, as far as a reader sees files in them
    kept              files outside the tree that are made when somebody asks, and kept for the next one

What a file's pixels or rows mean is told elsewhere (archive.pixels, archive.products).
"""
