from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from capto.late import late
from dashboards.api.api import api, description
from dashboards.api.over_http import opened, over_http
from dashboards.views import (
    around_here,
    campaigns,
    changelog,
    chart_files,
    data,
    embedded,
    evenings,
    follow,
    gathered,
    home,
    map_points,
    places,
    preview,
    stations,
    withdrawals,
    year,
)

about = late("dashboards.views.about")
explained = late("dashboards.views.explained")
holdings = late("dashboards.views.holdings")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("carte.json", map_points.map_points, name="map-points"),
    path("autour/", around_here.around_here, name="around"),
    path("autour/carte.svg", around_here.picture, name="around-picture"),
    path("soirs/", evenings.evenings, name="evenings"),
    path("retires/", withdrawals.withdrawn_places, name="withdrawn-places"),
    path("equipe/retraits/", withdrawals.withdrawals, name="staff-withdrawals"),
    path("lieux/", places.places, name="places"),
    path("lieu/<slug:public_id>/", places.place, name="place"),
    path("lieu/<slug:public_id>/<slug:quantity>/", places.place, name="place-quantity"),
    path("lieu/<slug:public_id>/<slug:quantity>/annee/", year.year, name="place-year"),
    path("lieu/<slug:public_id>/<slug:quantity>/annee/<int:year>/", year.year, name="place-year"),
    path("lieu/<slug:public_id>/<slug:quantity>/apercu.png", preview.preview, name="place-preview"),
    path("lieu/<slug:public_id>/<slug:quantity>/jours.atom", follow.feed, name="place-feed"),
    path("integrer/<slug:public_id>/<slug:quantity>/", embedded.place_chart, name="place-embedded"),
    path(
        "integrer/<slug:subject>/<slug:ident>/<slug:quantity>/<slug:figure>/",
        embedded.chart,
        name="chart-embedded",
    ),
    path(
        "data/charts/<slug:subject>/<slug:ident>/<slug:quantity>/<slug:figure>.csv",
        chart_files.chart_file,
        name="chart-file",
    ),
    path("campagnes/", campaigns.campaigns, name="measuring-campaigns"),
    path("campagne/<slug:slug>/", campaigns.campaign, name="measuring-campaign"),
    path("commune/<slug:code>/<slug:quantity>/annee/", gathered.commune_year, name="commune-year"),
    path("commune/<slug:code>/", gathered.commune, name="commune"),
    path("modele/<slug:slug>/", gathered.sensor_model, name="sensor-model"),
    path("sitemap.xml", follow.sitemap, name="sitemap"),
    path("robots.txt", follow.robots, name="robots"),
    path("lieu/<slug:public_id>/<slug:quantity>/<str:hour>/", explained.explained, name="explained"),
    path("station/<slug:code>/", stations.station, name="station"),
    path("station/<slug:code>/<slug:quantity>/", stations.station, name="station-quantity"),
    path("station/<slug:code>/<slug:quantity>/annee/", year.station_year, name="station-year"),
    path("station/<slug:code>/<slug:quantity>/annee/<int:year>/", year.station_year, name="station-year"),
    path("methode/", about.method, name="method"),
    path("methode/<slug:slug>/", about.method_step, name="method-step"),
    path("accessibilite/", about.accessibility, name="accessibility"),
    path("vie-privee/", about.privacy, name="privacy"),
    path("contact/", about.contact, name="contact"),
    path("data/", data.data, name="data"),
    re_path(r"^data/catalog\.(?P<extension>jsonld|ttl|rdf)$", holdings.catalog, name="catalog"),
    path("data/journal/", changelog.changelog, name="data-changelog"),
    path("data/journal.csv", changelog.changelog_csv, name="data-changelog-csv"),
    path("data/datapackage.json", holdings.data_package, name="data-package"),
    path("data/releases/", holdings.releases, name="releases"),
    path(
        "data/releases/<str:name>/v<int:version>/<str:file_name>", holdings.release_file, name="release-file"
    ),
    path("data/hourly.csv", data.hourly_csv, name="hourly-csv"),
    path("data/places/<slug:public_id>/hourly.csv", data.place_file, name="place-csv"),
    path("data/stations/<slug:code>/hourly.csv", data.station_file, name="station-csv"),
    re_path(
        r"^data/places/(?P<public_id>[\w-]+)/(?P<source>[a-z]+)\.(?P<extension>csv|parquet)$",
        data.place_file,
        name="place-file",
    ),
    re_path(
        r"^data/stations/(?P<code>[\w-]+)/hourly\.(?P<extension>csv|parquet)$",
        data.station_file,
        name="station-file",
    ),
    re_path(
        r"^data/(?P<source>[a-z]+)/(?P<name>[0-9a-z-]+)\.(?P<extension>csv|parquet)$",
        data.period_file,
        name="period-file",
    ),
    path("", include("dashboards.sensorthings.urls")),
    path("api/v1/openapi.json", over_http(description), name="api-description"),
    path("api/v1/", (opened(api.urls[0]), *api.urls[1:])),
    # Choosing a language changes nothing but a cookie: without a token, pages stay the same for everyone.
    path("langue/choisir", csrf_exempt(set_language), name="choose-language"),
]
