"""One module per kind of job: what a run reads, the pipeline it calls, what it records."""
