from datetime import date

from django.db import migrations

SINCE = date(2026, 1, 1)

ACTIONS = (  # code, name, promise, effect, of organisations
    ("leave-the-car", "Laisser ma voiture", "Leave my car", "je laisse ma voiture", "I leave my car", "car", False),
    ("no-open-fire", "Pas de feu de bois ce soir", "No wood fire this evening",
     "je n’allume pas de feu de bois le soir", "I light no wood fire in the evening", "wood", False),
    ("car-pool", "Covoiturer", "Share a car", "je covoiture", "I share a car", "car", False),
    ("cycle", "Aller à vélo", "Cycle", "je vais à vélo", "I cycle", "car", False),
    ("postpone-a-burn", "Reporter un brûlage", "Postpone a burn",
     "je reporte mon brûlage", "I postpone my burn", "not_counted", False),
    ("own-commitment", "Engagement d’une organisation", "An organisation’s commitment",
     "nous tenons notre engagement", "we keep our commitment", "not_counted", True),
)  # fmt: skip

EMEP = "EMEP/EEA guidebook 2019/2023, 1.A.4.b.i, tier 2"
FACTORS = (  # key, French, English, unit, value, low, high, distribution, source, verified
    ("km_per_day", "kilomètres évités par personne et par jour", "kilometres avoided per person and day", "km",
     20, 6, 45, "triangular", "choix du projet, faute d’enquête locale", False),
    ("kept", "part de ce qui est déclaré qui a vraiment eu lieu", "share of what is declared that really took place",
     "part", 0.6, 0.3, 0.9, "triangular", "choix du projet", False),
    ("would_have_driven", "part des personnes qui auraient pris leur voiture", "share who would have driven", "part",
     0.9, 0.7, 1, "triangular", "choix du projet", False),
    ("not_replaced", "part qui n’est pas remplacée par un autre trajet", "share not replaced by another trip", "part",
     0.85, 0.6, 1, "triangular", "choix du projet", False),
    ("partly", "part faite par qui répond « en partie »", "share done by who answers “partly”", "part",
     0.5, 0.2, 0.8, "triangular", "choix du projet", False),
    ("car_pool_share", "part d’un trajet évitée en covoiturant", "share of a trip avoided by sharing a car", "part",
     0.5, 0.33, 0.75, "triangular", "choix du projet", False),
    ("car_nox", "oxydes d’azote d’une voiture", "nitrogen oxides of a car", "g/km", 0.30, 0.12, 0.60, "triangular",
     "COPERT / EMEP 2013 (09/2014), parc français de mémoire", False),
    ("car_pm10", "particules PM10 d’une voiture, pneus et freins compris", "PM10 of a car, tyres and brakes included",
     "mg/km", 27, 22, 50, "triangular", "EMEP/EEA 2019 tier 1 (hors échappement 21,3) et COPERT, parc de mémoire", False),
    ("car_pm25", "particules PM2,5 d’une voiture, pneus et freins compris", "PM2.5 of a car, tyres and brakes included",
     "mg/km", 17.5, 12.5, 30, "triangular", "EMEP/EEA 2019 tier 1 (hors échappement 11,5) et COPERT, parc de mémoire", False),
    ("car_co2", "CO2 d’une voiture thermique à l’usage", "CO2 of a combustion car in use", "kg/km", 0.192, 0.15, 0.22,
     "triangular", "ADEME, table publique (intervalle : choix du projet)", True),
    ("wood_kg", "bois brûlé dans un foyer ouvert en une soirée", "wood burnt in an open fire in one evening", "kg",
     7, 3, 12, "triangular", "choix du projet", False),
    ("wood_heat", "énergie d’un kilogramme de bois", "energy of one kilogram of wood", "MJ/kg", 15.2, 14, 16.5,
     "triangular", "pouvoir calorifique inférieur, de mémoire", False),
    ("wood_pm25", "particules PM2,5 d’un foyer ouvert", "PM2.5 of an open fire", "g/GJ", 820, 410, 1640, "lognormal",
     EMEP + ", de mémoire", False),
    ("wood_pm10_ratio", "PM10 pour une de PM2,5", "PM10 for one of PM2.5", "part", 1.02, 1, 1.05, "triangular",
     "de mémoire", False),
    ("wood_nox", "oxydes d’azote d’un foyer ouvert", "nitrogen oxides of an open fire", "g/GJ", 50, 30, 150, "lognormal",
     EMEP + ", de mémoire", False),
    ("box_wind", "vent", "wind", "m/s", 2, 1, 3, "triangular", "modèle de boîte, choix du projet", False),
    ("box_height", "hauteur où l’air se mélange", "height of mixing", "m", 250, 100, 500, "triangular",
     "modèle de boîte, choix du projet", False),
    ("box_width", "largeur de la ville en travers du vent", "width of the town across the wind", "m", 5000, 2000, 10000,
     "triangular", "modèle de boîte, choix du projet", False),
    ("box_hours", "durée des émissions évitées", "duration of the emissions avoided", "h", 10, 4, 16, "triangular",
     "modèle de boîte, choix du projet", False),
)  # fmt: skip


def write(apps, schema_editor):
    Action = apps.get_model("pledges", "PledgeAction")
    for code, name, name_en, promise, promise_en, effect, organisations in ACTIONS:
        Action.objects.create(
            code=code, name=name, name_en=name_en, promise=promise, promise_en=promise_en, effect=effect,
            is_of_organisations=organisations,
        )
    factors = apps.get_model("pledges", "FactorSet").objects.create(
        name="Facteurs par défaut, France", version=1, valid_from=SINCE,
        note="À remplacer par les valeurs régionales de l’association.",
    )
    Factor = apps.get_model("pledges", "Factor")
    for key, name, name_en, unit, value, low, high, distribution, source, verified in FACTORS:
        Factor.objects.create(
            factor_set=factors, key=key, name=name, name_en=name_en, unit=unit, value=value, low=low, high=high,
            distribution=distribution, source=source, valid_from=SINCE, is_verified=verified,
        )


class Migration(migrations.Migration):

    dependencies = [("pledges", "0001_pledges_and_their_effect")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
