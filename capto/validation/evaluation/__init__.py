"""`capto evaluate` behind its command: what is read of both sides, the figures, the form of the page, the words."""
