"""Reports as files: what stands in them (`table`), how each format writes it, and how the worker builds one (`building`)."""
