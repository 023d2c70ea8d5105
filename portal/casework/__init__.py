"""The work: one function per act of one person, one transaction each. Knows the database, not the web."""
