"""Describe every other quantity that the decoders name, vendor variables included: as sent, in the unit sent.

A variable without a published scale (`*_vendor`, counts of the PPD42 and of the IPS-7100) has the unit 1 and no
plausible range: it is kept, never compared and never published as a result.
"""

from django.db import migrations

# code, medium, French name, English name, UCUM unit, label, minimum, maximum
PROPERTIES = [
    ("dew_point", "air", "Point de rosée", "Dew point", "Cel", "°C", -60.0, 60.0),
    ("altitude", "air", "Altitude", "Altitude", "m", "m", -450.0, 9000.0),
    ("lceq", "noise", "Niveau sonore équivalent, pondération C", "Equivalent sound level, C-weighted", "dB[SPL]", "dB(C)", 20.0, 140.0),
    ("lzeq", "noise", "Niveau sonore équivalent, sans pondération", "Equivalent sound level, unweighted", "dB[SPL]", "dB(Z)", 20.0, 140.0),
    ("pm01", "air", "Particules PM0,1 (valeur du fabricant)", "PM0.1 particles (maker’s value)", "ug/m3", "µg/m³", 0.0, 1000.0),
    ("pm03", "air", "Particules PM0,3 (valeur du fabricant)", "PM0.3 particles (maker’s value)", "ug/m3", "µg/m³", 0.0, 1000.0),
    ("pm05", "air", "Particules PM0,5 (valeur du fabricant)", "PM0.5 particles (maker’s value)", "ug/m3", "µg/m³", 0.0, 1000.0),
    ("pm5", "air", "Particules PM5 (valeur du fabricant)", "PM5 particles (maker’s value)", "ug/m3", "µg/m³", 0.0, 1000.0),
    *(
        (f"ips_n{code}", "air", f"Comptage IPS-7100, {size} µm", f"IPS-7100 count, {size_en} µm", "1", "", 0.0, None)
        for code, size, size_en in (
            ("01", "0,1", "0.1"), ("03", "0,3", "0.3"), ("05", "0,5", "0.5"), ("1", "1", "1"),
            ("25", "2,5", "2.5"), ("5", "5", "5"), ("10", "10", "10"),
        )
    ),
    *(
        row
        for channel in (1, 2)
        for row in (
            (f"ppd42_p{channel}_count", "air", f"Comptage PPD42, voie {channel}", f"PPD42 count, channel {channel}", "1", "", 0.0, None),
            (f"ppd42_p{channel}_ratio", "air", f"Occupation PPD42, voie {channel}", f"PPD42 occupancy, channel {channel}", "%", "%", 0.0, 100.0),
            (f"ppd42_p{channel}_duration", "air", f"Durée basse PPD42, voie {channel}", f"PPD42 low pulse, channel {channel}", "us", "µs", 0.0, None),
        )
    ),
    *(
        (f"electrode_{number}", "air", f"Tension de l’électrode {number}", f"Electrode {number} voltage", "mV", "mV", None, None)
        for number in range(61, 69)
    ),
    *(
        (f"{gas}_vendor", "air", f"{name} (échelle du fabricant)", f"{name_en} (maker’s scale)", "1", "", None, None)
        for gas, name, name_en in (
            ("tvoc", "COV totaux", "Total VOC"),
            ("hcho", "Formaldéhyde", "Formaldehyde"),
            ("o3", "Ozone", "Ozone"),
            ("no2", "Dioxyde d’azote", "Nitrogen dioxide"),
            ("co", "Monoxyde de carbone", "Carbon monoxide"),
            ("nh3", "Ammoniac", "Ammonia"),
            ("gas", "Gaz", "Gas"),
        )
    ),
    ("radiation_cpm", "air", "Radioactivité, coups par minute", "Radioactivity, counts per minute", "/min", "cpm", 0.0, None),
    ("radiation_usvh", "air", "Débit de dose", "Dose rate", "uSv/h", "µSv/h", 0.0, None),
    ("link_quality", "device", "Qualité de la liaison", "Link quality", "1", "", 0.0, 255.0),
]


def describe(apps, schema_editor):
    model = apps.get_model("catalogue", "ObservedProperty")
    for code, medium, name, name_en, unit, label, low, high in PROPERTIES:
        model.objects.get_or_create(
            code=code,
            defaults={
                "medium": medium,
                "name": name,
                "name_en": name_en,
                "unit": unit,
                "unit_label": label,
                "plausible_minimum": low,
                "plausible_maximum": high,
            },
        )


class Migration(migrations.Migration):

    dependencies = [("catalogue", "0005_require_the_position_of_a_lending_point")]

    operations = [migrations.RunPython(describe, migrations.RunPython.noop)]
