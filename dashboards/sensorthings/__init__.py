"""OGC SensorThings API 1.1, read-only Sensing profile, over what is public and nothing else.

`entities` says what there is, `options` reads an address, `filters` turns `$filter` into SQL, `reading` asks the
database and writes the answer, `paths` follows an address from entity to entity.
"""
