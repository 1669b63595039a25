"""The pages and feeds of episodes."""
