"""OGC SensorThings API 1.1, read-only Sensing profile, over what is public and nothing else.

`entities` says what there is, `options` reads an address, `filters` turns `$filter` into SQL, `reading` asks the
database and writes the answer, `paths` follows an address from entity to entity, `links` writes where the next page
begins. Of millions of observations `narrowing` finds what a filter says of series and hours, `zones` which of them can
answer, and `walk` reads those part by part.
"""
