"""Access rights: reading with a reader's rights, memberships, tokens, policies of row-level security, the audit log.

    reading      sets the programs of a reader for everything inside; the one place that does
    streams      rows of a query while PostgreSQL still delivers them, with those rights
    arrow_stream
                 the same as Arrow batches, for many rows
    memberships  which programs a person reads
    tokens, passwords
                 recognising people and scripts
    policies     migration operations that put access rules on tables
    checks       what must hold for all of this to be enforced
    audit        the record of what was done to rights
    address      the address under which people reach this archive

What a search, a page or a service needs beyond rights does not belong here.
"""
