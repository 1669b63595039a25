"""The small plain JSON API at /api/v1/: latest values, places, hours, stations, explanations; no key, reads only."""
