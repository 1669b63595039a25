"""The public pages: one read, one answer each; no account."""
