"""The report of a device on the bench: one document, as JSON, as one HTML page, as PDF. No Django, no database."""
