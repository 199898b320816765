"""Set-up and running of the parts on one machine: packages, database cluster, broker, processes."""
