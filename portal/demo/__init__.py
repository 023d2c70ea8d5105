"""A desk with invented people: cases in every status for trying things out. Refuses any database that is not a demo's."""
