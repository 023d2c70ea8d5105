"""The portal: rules, work, and the window for owners. Read it from the inside out.

domain/      the rules, in plain Python: read this folder first
casework/    the work: one function per act, one transaction each
connectors/  how a device is removed
public/      the window for owners, under /<lang>/

Beside them stand the modules that store (models, engine, vault, audit, outbox, tokens, throttle), those
that say and paint (labels, i18n, notices, receipts, pdf), and those that hold the web together (security,
errors, db, endpoints). The window for staff is the package `admin`; nothing here imports it.
"""
