"""The schema's history, one numbered module per change."""
