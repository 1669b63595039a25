from django.db import migrations

LEVELS = (  # of the French arrêté of 7 April 2016; the four codes as associations write them
    ("IR", "information et recommandation", "information and recommendation", 1),
    ("ALERTE_N1", "alerte, niveau 1", "alert, level 1", 2),
    ("ALERTE_N2", "alerte, niveau 2", "alert, level 2", 3),
    ("ALERTE_N2_AGGRAVEE", "alerte, niveau 2 aggravé", "alert, level 2 reinforced", 4),
)

FEEDS = (  # none is read before an association says so
    {
        "name": "atmo-france",
        "format": "atmo-france",
        "address": (
            "https://data.atmo-france.org/geoserver/alrt/ows?service=WFS&version=2.0.0&request=GetFeature"
            "&typeNames=alrt:alrt3j&outputFormat=application/json"
            "&CQL_FILTER=date_ech%3E%3D%27{day}%27%20AND%20date_ech%3C%3D%27{until}%27"
        ),
        "source": "Atmo France",
        "page": "https://www.atmo-france.org/",
        "licence": "ODbL",
        "is_read": False,
    },
    {
        "name": "atmo-aura",
        "format": "atmo-aura",
        "address": "https://api.atmo-aura.fr/api/v1/communes/38185/vigilances?date=now",
        "source": "Atmo Auvergne-Rhône-Alpes",
        "page": "https://www.atmo-auvergnerhonealpes.fr/",
        "licence": "ODbL",
        "is_read": False,
    },
)


def write(apps, schema_editor):
    Level, Feed = apps.get_model("episodes", "EpisodeLevel"), apps.get_model("episodes", "EpisodeFeed")
    for code, name, name_en, rank in LEVELS:
        Level.objects.create(jurisdiction="FR", code=code, name=name, name_en=name_en, rank=rank)
    for feed in FEEDS:
        Feed.objects.create(**feed)


class Migration(migrations.Migration):

    dependencies = [("episodes", "0001_what_the_authority_decides")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
