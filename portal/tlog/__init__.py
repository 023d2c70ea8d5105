"""The transparency log behind the audit events: their places in one tree, its signed heads, and whoever checks them.

The formats are public, so that a stranger needs none of our code: RFC 6962 hashes, and C2SP's tlog-tiles, signed-note
and tlog-checkpoint.
"""
