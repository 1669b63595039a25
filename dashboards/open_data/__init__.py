"""Files that anyone may take: no account, no person. Nothing here knows of members or loans."""
