"""The pages of public messages."""
