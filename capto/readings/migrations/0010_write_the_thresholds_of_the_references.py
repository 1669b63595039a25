from datetime import date

from django.db import migrations

DECREE, DECREE_ON = "Code de l’environnement R221-1, décret 2010-1250", date(2010, 10, 21)
OLD_EU, NEW_EU = "directive 2008/50/CE", "directive (UE) 2024/2881, annexe I"
FROM_2026, FROM_2030 = date(2026, 12, 11), date(2030, 1, 1)
H = ("moyenne horaire", "hourly mean")
H3 = ("moyenne horaire, 3 heures de suite", "hourly mean, 3 consecutive hours")
D = ("moyenne journalière", "daily mean")
Y = ("moyenne annuelle", "annual mean")
E8 = ("maximum journalier de la moyenne sur 8 heures", "daily maximum of the 8-hour running mean")
WINTER = ("moyenne annuelle, et moyenne d’octobre à mars", "annual mean, and October-March mean")
AOT = ("AOT40, mai à juillet", "AOT40, May-July")
P99 = ("moyenne journalière, 99e centile", "daily mean, 99th percentile")

# pollutant, kind, value, statistic, allowed, per, valid_from
FRENCH = (
    ("pm10", "IR", 50, D, None, "", DECREE_ON),
    ("pm10", "ALERTE", 80, ("moyenne journalière, ou persistance", "daily mean, or persistence"), None, "", DECREE_ON),
    ("pm10", "VL", 50, D, 35, "an", DECREE_ON),
    ("pm10", "VL", 40, Y, None, "", DECREE_ON),
    ("pm10", "OQ", 30, Y, None, "", DECREE_ON),
    ("pm25", "VL", 25, Y, None, "", date(2015, 1, 1)),
    ("pm25", "VC", 20, Y, None, "", DECREE_ON),
    ("pm25", "OQ", 10, Y, None, "", DECREE_ON),
    ("no2", "IR", 200, H, None, "", DECREE_ON),
    ("no2", "ALERTE", 400, H3, None, "", DECREE_ON),
    ("no2", "ALERTE", 200, ("moyenne horaire, si IR la veille, le jour et prévu le lendemain",
                            "hourly mean, if IR the day before, that day and forecast for the next"), None, "", DECREE_ON),
    ("no2", "VL", 200, H, 18, "an", date(2010, 1, 1)),
    ("no2", "VL", 40, Y, None, "", date(2010, 1, 1)),
    ("no2", "OQ", 40, Y, None, "", DECREE_ON),
    ("o3", "IR", 180, H, None, "", DECREE_ON),
    ("o3", "ALERTE", 240, H, None, "", DECREE_ON),
    ("o3", "ALERTE", 240, ("moyenne horaire, 3 heures de suite, mesures d’urgence 1",
                           "hourly mean, 3 consecutive hours, emergency measures 1"), None, "", DECREE_ON),
    ("o3", "ALERTE", 300, ("moyenne horaire, 3 heures de suite, mesures d’urgence 2",
                           "hourly mean, 3 consecutive hours, emergency measures 2"), None, "", DECREE_ON),
    ("o3", "ALERTE", 360, ("moyenne horaire, mesures d’urgence 3", "hourly mean, emergency measures 3"), None, "", DECREE_ON),
    ("o3", "VC", 120, E8, 25, "an, en moyenne de 3 ans", date(2010, 1, 1)),
    ("o3", "OQ", 120, E8, 0, "an", DECREE_ON),
    ("o3", "OQ", 6000, AOT, None, "", DECREE_ON),
    ("o3", "VC", 18000, ("AOT40, mai à juillet, moyenne de 5 ans", "AOT40, May-July, mean of 5 years"), None, "",
     date(2010, 1, 1)),
    ("so2", "IR", 300, H, None, "", DECREE_ON),
    ("so2", "ALERTE", 500, H3, None, "", DECREE_ON),
    ("so2", "VL", 350, H, 24, "an", date(2005, 1, 1)),
    ("so2", "VL", 125, D, 3, "an", date(2005, 1, 1)),
    ("so2", "OQ", 50, Y, None, "", DECREE_ON),
    ("so2", "NC", 20, WINTER, None, "", DECREE_ON),
    ("nox", "NC", 30, Y, None, "", DECREE_ON),
    ("benzene", "VL", 5, Y, None, "", DECREE_ON),
    ("benzene", "OQ", 2, Y, None, "", DECREE_ON),
    ("pb", "VL", 0.5, Y, None, "", DECREE_ON),
    ("pb", "OQ", 0.25, Y, None, "", DECREE_ON),
)  # fmt: skip

# Until 1 January 2030, from the day of transposition on: table 2 of annex I; then table 1.
EUROPEAN_UNTIL_2030 = (
    ("pm25", "VL", 25, Y, None, ""), ("pm10", "VL", 50, D, 35, "an"), ("pm10", "VL", 40, Y, None, ""),
    ("no2", "VL", 200, H, 18, "an"), ("no2", "VL", 40, Y, None, ""), ("so2", "VL", 350, H, 24, "an"),
    ("so2", "VL", 125, D, 3, "an"), ("benzene", "VL", 5, Y, None, ""), ("pb", "VL", 0.5, Y, None, ""),
)  # fmt: skip
EUROPEAN_2030 = (
    ("pm25", "VL", 10, Y, None, ""), ("pm25", "VL", 25, D, 18, "an"), ("pm10", "VL", 20, Y, None, ""),
    ("pm10", "VL", 45, D, 18, "an"), ("no2", "VL", 20, Y, None, ""), ("no2", "VL", 50, D, 18, "an"),
    ("no2", "VL", 200, H, 3, "an"), ("so2", "VL", 20, Y, None, ""), ("so2", "VL", 50, D, 18, "an"),
    ("so2", "VL", 350, H, 3, "an"), ("benzene", "VL", 3.4, Y, None, ""), ("pb", "VL", 0.5, Y, None, ""),
)  # fmt: skip
D3 = ("moyenne journalière, sur 3 jours de suite ou moins", "daily mean, over 3 consecutive days or fewer")
EUROPEAN_EPISODES = (  # annex I, section 4: new from 11 December 2026
    ("pm25", "IR", 50, D), ("pm25", "ALERTE", 50, D3), ("pm10", "IR", 90, D), ("pm10", "ALERTE", 90, D3),
    ("no2", "IR", 150, H), ("no2", "ALERTE", 200, H3), ("so2", "IR", 275, H), ("so2", "ALERTE", 350, H3),
    ("o3", "IR", 180, H), ("o3", "ALERTE", 240, H),
)  # fmt: skip
OZONE = (
    ("o3", "VC", 120, E8, 18, "an, en moyenne de 3 ans", FROM_2026),
    ("o3", "OLT", 100, ("maximum journalier de la moyenne sur 8 heures, 99e centile",
                        "daily maximum of the 8-hour mean, 99th percentile"), 3, "an", date(2050, 1, 1)),
)  # fmt: skip
WHO_ON = date(2021, 9, 22)
WHO = (
    ("pm25", 5, Y), ("pm25", 15, P99), ("pm10", 15, Y), ("pm10", 45, P99), ("no2", 10, Y), ("no2", 25, P99),
    ("o3", 60, ("moyenne de la saison de pointe", "peak season mean")), ("o3", 100, E8), ("so2", 40, P99),
)  # fmt: skip
DECIMALS = {"benzene": 1, "pb": 2}


def write(apps, schema_editor):
    Threshold = apps.get_model("readings", "Threshold")

    def add(jurisdiction, pollutant, kind, value, statistic, allowed=None, per="", *, since, until=None, reference, status):
        Threshold.objects.create(
            jurisdiction=jurisdiction, pollutant=pollutant, kind=kind, value=value, statistic=statistic[0],
            statistic_en=statistic[1], allowed_exceedances=allowed, per=per, valid_from=since, valid_to=until,
            legal_reference=reference, status=status, decimals=DECIMALS.get(pollutant, 0),
        )

    for *row, since in FRENCH:
        add("FR", *row, since=since, reference=DECREE, status="verified")
    add("FR", "co", "VL", 10_000, E8, since=date(2005, 1, 1), reference=DECREE, status="verified")
    for row in EUROPEAN_UNTIL_2030:  # the same values under the directive before and the new one
        add("EU", *row, since=date(2010, 1, 1), until=FROM_2026, reference=OLD_EU, status="transcribed")
        add("EU", *row, since=FROM_2026, until=FROM_2030, reference=NEW_EU, status="transcribed")
    for row in EUROPEAN_2030:
        add("EU", *row, since=FROM_2030, reference=NEW_EU, status="transcribed")
    for row in EUROPEAN_EPISODES:
        add("EU", *row, since=FROM_2026, reference=NEW_EU, status="transcribed")
    for *row, since in OZONE:
        add("EU", *row, since=since, reference=NEW_EU, status="transcribed")
    for pollutant, value, statistic in WHO:
        add("WHO", pollutant, "OMS", value, statistic, since=WHO_ON, reference="OMS, lignes directrices 2021", status="verified")


class Migration(migrations.Migration):

    dependencies = [("readings", "0009_keep_thresholds_as_dated_rows")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
