"""Copy what the pages need from node_modules to capto/static/vendor, each with its licence, and derive the
outline of France that the map falls back on. Run by deploy/setup: `assets.py NODE_MODULES DESTINATION`.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

COPIED = {
    "leaflet": {"dist/leaflet.js": "leaflet.js", "dist/leaflet.css": "leaflet.css", "dist/images": "images"},
    "uplot": {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
    "htmx.org": {"dist/htmx.min.js": "htmx.js"},
    "axe-core": {"axe.min.js": "axe.js"},  # served in no page: the browser tests read the file
}
FRANCE = "250"  # ISO 3166-1 numeric, the id of the country in world-atlas
METROPOLITAN = (-6.0, 41.0, 10.0, 51.5)  # west, south, east, north in degrees: the mainland and Corsica
COMMUNE_FIELDS = ("code", "nom", "departement", "region", "population", "codesPostaux")


def main(node_modules: Path, destination: Path) -> None:
    """Write the whole vendor folder anew, so that nothing of an older version stays."""
    fresh = destination.with_name(destination.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    versions = {}
    for package, files in COPIED.items():
        source = node_modules / package
        target = fresh / package.removesuffix(".org")
        target.mkdir(parents=True)
        for name, new_name in files.items():
            if (source / name).is_dir():
                shutil.copytree(source / name, target / new_name)
            else:
                shutil.copy(source / name, target / new_name)
        copy_licence(source, target)
        versions[package] = version(source)
    outline = fresh / "outline"
    outline.mkdir()
    topology = json.loads((node_modules / "world-atlas/countries-10m.json").read_text())
    (outline / "france.json").write_text(json.dumps(france(topology), separators=(",", ":")))
    copy_licence(node_modules / "world-atlas", outline)
    versions["world-atlas"] = version(node_modules / "world-atlas")
    communes = fresh / "communes"
    communes.mkdir()
    etalab = node_modules / "@etalab/decoupage-administratif"
    (communes / "communes.json").write_text(
        json.dumps(current_communes(etalab), ensure_ascii=False, separators=(",", ":"))
    )
    copy_licence(etalab, communes)
    versions["@etalab/decoupage-administratif"] = version(etalab)
    compress(fresh)
    (fresh / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")
    shutil.rmtree(destination, ignore_errors=True)
    fresh.rename(destination)


def compress(folder: Path) -> None:
    """Write `.gz` beside each script, style and shape: WhiteNoise sends it to who accepts it."""
    for path in folder.rglob("*"):
        if path.suffix in {".js", ".css", ".json"} and path.parent.name != "axe-core":
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def france(topology: dict[str, Any]) -> dict[str, Any]:
    """Return metropolitan France as one GeoJSON feature (MultiPolygon, degrees east and north, WGS 84).

    Decodes the quantised, delta-encoded arcs of a TopoJSON topology (TopoJSON specification, 2.1.2-2.1.4).
    """
    scale_x, scale_y = topology["transform"]["scale"]
    origin_x, origin_y = topology["transform"]["translate"]

    def decoded(arc: list[list[int]]) -> list[tuple[float, float]]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((round(x * scale_x + origin_x, 4), round(y * scale_y + origin_y, 4)))
        return points

    def ring(indices: list[int]) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for index in indices:
            arc = decoded(topology["arcs"][index if index >= 0 else ~index])
            points += (arc if index >= 0 else arc[::-1])[1 if points else 0 :]
        return points

    west, south, east, north = METROPOLITAN
    country = next(g for g in topology["objects"]["countries"]["geometries"] if g.get("id") == FRANCE)
    polygons = [[ring(indices) for indices in polygon] for polygon in country["arcs"]]
    kept = [p for p in polygons if all(west <= x <= east and south <= y <= north for x, y in p[0])]
    return {
        "type": "Feature",
        "properties": {"name": "France", "source": "Natural Earth 1:10m (public domain), by world-atlas"},
        "geometry": {"type": "MultiPolygon", "coordinates": kept},
    }


def current_communes(etalab: Path) -> list[dict[str, Any]]:
    """Return the communes of today with the fields that Capto uses, in the order of their codes."""
    rows = json.loads((etalab / "data/communes.json").read_text())
    kept = (
        {f: row[f] for f in COMMUNE_FIELDS if f in row} for row in rows if row["type"] == "commune-actuelle"
    )
    return sorted(kept, key=lambda row: str(row["code"]))


def version(package: Path) -> str:
    """Return the version that the package states."""
    return str(json.loads((package / "package.json").read_text())["version"])


def copy_licence(source: Path, target: Path) -> None:
    """Copy every licence file of a package beside what was taken from it; a package must have one."""
    licences = [path for path in source.iterdir() if path.name.lower().startswith(("licen", "copying"))]
    if not licences:
        raise FileNotFoundError(f"{source} has no licence file")
    for path in licences:
        shutil.copy(path, target / path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
