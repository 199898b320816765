"""The reference pipeline: co-adding science images, its catalogs and products."""
