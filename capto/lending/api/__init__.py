"""The lending verbs for programs, at /api/lending/v1/: the same verbs and rules as the desk and the pages.

Each act carries an `Idempotency-Key`; sent again it gives the same answer. /api/lending/ documents it with examples.
"""
