"""The pages of pledges: for everyone, for who pledged, for staff."""
