"""Light curves that came as files: kept with their own epochs, as they were told, because no image here has them.

codec    an object's points as one packed piece
merging  what a file tells of an object and what is known of it already
taking   a file's objects and points into the database
reading  their points beside those of images

Points go by `manage.py lightcurves forget`.
"""
