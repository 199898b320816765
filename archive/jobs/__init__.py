"""User jobs: what people order and the queue carries out.

    user_jobs     the life of a job: ordered, run, ended with a result or with the reason why not
    quotas        what one person's jobs may use; the one place that admits them
    turns         places for long work, the order of jobs, a job's position in it
    attempts      the rule for a job that ended without a result
    worker_locks  which jobs have a living worker
    dependencies  what a kept result rests on, so that it is closed when that is

What a job computes stands with its subject (bundles in archive.products, cutouts in archive.targets).
"""
