from django.urls import URLPattern, path

from capto.lending.views.collection import costs, history, imports, kit, kits, points

urlpatterns: list[URLPattern] = [
    path("fonds/", kits.kits, name="collection"),
    path("fonds/kits.csv", kits.export, name="collection-export"),
    path("fonds/prets.csv", kits.export_loans, name="collection-export-loans"),
    path("fonds/etiquettes.pdf", kits.labels, name="collection-labels"),
    path("fonds/kits/nouveau/", kits.new_kit, name="collection-new-kit"),
    path("fonds/kits/<str:code>/", kit.kit, name="collection-kit"),
    path("fonds/importer/", imports.import_page, name="collection-import"),
    path("fonds/points/", points.points, name="collection-points"),
    path("fonds/points/<slug:slug>/", points.point, name="collection-point"),
    path("fonds/couts/", costs.costs, name="collection-costs"),
    path("fonds/couts.csv", costs.costs_csv, name="collection-costs-csv"),
    path("fonds/historique/<slug:kind>/<str:pk>/", history.history, name="collection-history"),
]
