"""Describe what the known devices and stations observe: rows, so that an association adds its own without code.

Units are UCUM codes. Plausible ranges are those of the range check: PM 0 to 1000 µg/m³, gases -20 to 1000 µg/m³,
CO -0.5 to 100 mg/m³, temperature -40 to 60 °C, humidity 0 to 105 %. The EIONET terms of NO, NOx, PM1 and benzene
are from general knowledge of the field and still to be checked against the vocabulary.
"""

from django.db import migrations

EIONET = "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/"

# code, medium, French name, English name, UCUM unit, label, minimum, maximum, is a pollutant, EIONET term
PROPERTIES = [
    ("pm1", "air", "Particules PM1", "PM1 particles", "ug/m3", "µg/m³", 0.0, 1000.0, True, "6002"),
    ("pm25", "air", "Particules PM2,5", "PM2.5 particles", "ug/m3", "µg/m³", 0.0, 1000.0, True, "6001"),
    ("pm4", "air", "Particules PM4", "PM4 particles", "ug/m3", "µg/m³", 0.0, 1000.0, True, ""),
    ("pm10", "air", "Particules PM10", "PM10 particles", "ug/m3", "µg/m³", 0.0, 1000.0, True, "5"),
    ("pn03", "air", "Nombre de particules > 0,3 µm", "Particles above 0.3 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn05", "air", "Nombre de particules > 0,5 µm", "Particles above 0.5 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn1", "air", "Nombre de particules > 1 µm", "Particles above 1 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn25", "air", "Nombre de particules > 2,5 µm", "Particles above 2.5 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn4", "air", "Nombre de particules > 4 µm", "Particles above 4 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn5", "air", "Nombre de particules > 5 µm", "Particles above 5 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pn10", "air", "Nombre de particules > 10 µm", "Particles above 10 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pnto05", "air", "Nombre de particules jusqu’à 0,5 µm", "Particles up to 0.5 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pnto1", "air", "Nombre de particules jusqu’à 1 µm", "Particles up to 1 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pnto25", "air", "Nombre de particules jusqu’à 2,5 µm", "Particles up to 2.5 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pnto4", "air", "Nombre de particules jusqu’à 4 µm", "Particles up to 4 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pnto10", "air", "Nombre de particules jusqu’à 10 µm", "Particles up to 10 µm", "/cm3", "/cm³", 0.0, None, False, ""),
    ("pm_tps", "air", "Taille typique des particules", "Typical particle size", "um", "µm", 0.0, None, False, ""),
    ("no2", "air", "Dioxyde d’azote", "Nitrogen dioxide", "ug/m3", "µg/m³", -20.0, 1000.0, True, "8"),
    ("no", "air", "Monoxyde d’azote", "Nitrogen monoxide", "ug/m3", "µg/m³", -20.0, 1000.0, True, "38"),
    ("nox", "air", "Oxydes d’azote (en NO2)", "Nitrogen oxides (as NO2)", "ug/m3", "µg/m³", -20.0, 2000.0, True, "9"),
    ("o3", "air", "Ozone", "Ozone", "ug/m3", "µg/m³", -20.0, 1000.0, True, "7"),
    ("so2", "air", "Dioxyde de soufre", "Sulphur dioxide", "ug/m3", "µg/m³", -20.0, 2000.0, True, "1"),
    ("co", "air", "Monoxyde de carbone", "Carbon monoxide", "mg/m3", "mg/m³", -0.5, 100.0, True, "10"),
    ("c6h6", "air", "Benzène", "Benzene", "ug/m3", "µg/m³", -5.0, 500.0, True, "20"),
    ("no2_ppb", "air", "Dioxyde d’azote (rapport de mélange)", "Nitrogen dioxide (mixing ratio)", "[ppb]", "ppb", -20.0, 1000.0, False, ""),
    ("no_ppb", "air", "Monoxyde d’azote (rapport de mélange)", "Nitrogen monoxide (mixing ratio)", "[ppb]", "ppb", -20.0, 1000.0, False, ""),
    ("o3_ppb", "air", "Ozone (rapport de mélange)", "Ozone (mixing ratio)", "[ppb]", "ppb", -20.0, 1000.0, False, ""),
    ("co_ppm", "air", "Monoxyde de carbone (rapport de mélange)", "Carbon monoxide (mixing ratio)", "[ppm]", "ppm", -0.5, 100.0, False, ""),
    ("co2", "air", "Dioxyde de carbone", "Carbon dioxide", "[ppm]", "ppm", 300.0, 10000.0, False, ""),
    ("eco2", "air", "Dioxyde de carbone équivalent", "Equivalent carbon dioxide", "[ppm]", "ppm", 300.0, 10000.0, False, ""),
    ("voc_index", "air", "Indice de COV", "VOC index", "1", "", 0.0, 500.0, False, ""),
    ("nox_index", "air", "Indice de NOx", "NOx index", "1", "", 0.0, 500.0, False, ""),
    ("voc_raw", "air", "Signal brut de COV", "Raw VOC signal", "1", "", None, None, False, ""),
    ("nox_raw", "air", "Signal brut de NOx", "Raw NOx signal", "1", "", None, None, False, ""),
    ("voc_ppb", "air", "COV (estimation)", "VOC (estimate)", "[ppb]", "ppb", 0.0, None, False, ""),
    ("voc_ugm3", "air", "COV (estimation)", "VOC (estimate)", "ug/m3", "µg/m³", 0.0, None, False, ""),
    ("hcho_ppb", "air", "Formaldéhyde", "Formaldehyde", "[ppb]", "ppb", 0.0, 5000.0, False, ""),
    ("hcho_ugm3", "air", "Formaldéhyde", "Formaldehyde", "ug/m3", "µg/m³", 0.0, 6000.0, False, ""),
    ("temperature", "air", "Température", "Temperature", "Cel", "°C", -40.0, 60.0, False, ""),
    ("humidity", "air", "Humidité relative", "Relative humidity", "%", "%", 0.0, 105.0, False, ""),
    ("pressure", "air", "Pression", "Pressure", "hPa", "hPa", 300.0, 1100.0, False, ""),
    ("illuminance", "air", "Éclairement", "Illuminance", "lx", "lx", 0.0, None, False, ""),
    ("laeq", "noise", "Niveau sonore équivalent", "Equivalent sound level", "dB[SPL]", "dB(A)", 20.0, 140.0, False, ""),
    ("la_min", "noise", "Niveau sonore minimal", "Lowest sound level", "dB[SPL]", "dB(A)", 20.0, 140.0, False, ""),
    ("la_max", "noise", "Niveau sonore maximal", "Highest sound level", "dB[SPL]", "dB(A)", 20.0, 140.0, False, ""),
    ("battery_pct", "device", "Charge de la batterie", "Battery charge", "%", "%", 0.0, 100.0, False, ""),
    ("battery_v", "device", "Tension de la batterie", "Battery voltage", "V", "V", 0.0, 60.0, False, ""),
    ("rssi", "device", "Force du signal", "Signal strength", "dB[mW]", "dBm", -150.0, 20.0, False, ""),
    ("snr", "device", "Rapport signal sur bruit", "Signal to noise ratio", "dB", "dB", -40.0, 60.0, False, ""),
    ("uptime", "device", "Durée de fonctionnement", "Uptime", "s", "s", 0.0, None, False, ""),
]


def describe(apps, schema_editor):
    model = apps.get_model("catalogue", "ObservedProperty")
    for code, medium, name, name_en, unit, label, low, high, is_pollutant, term in PROPERTIES:
        model.objects.update_or_create(
            code=code,
            defaults={
                "medium": medium,
                "name": name,
                "name_en": name_en,
                "unit": unit,
                "unit_label": label,
                "plausible_minimum": low,
                "plausible_maximum": high,
                "is_pollutant": is_pollutant,
                "definition": EIONET + term if term else "",
            },
        )


class Migration(migrations.Migration):

    dependencies = [("catalogue", "0001_sensors_and_observed_properties")]

    operations = [migrations.RunPython(describe, migrations.RunPython.noop)]
