from datetime import UTC, datetime

from django.db import migrations

# Usual practice, from memory: each association checks them with its data-protection officer.
RULES = [
    ("account", 1095, "la dernière connexion ou le dernier prêt"),
    ("loan_file", 365, "le retour"),
    ("exact_position", 30, "le retour"),
    ("postal_address", 30, "le retour du dernier prêt par la poste"),
    ("messages", 365, "l’envoi"),
    ("desk_answers", 30, "le geste au comptoir"),
]
SOURCE = "usage courant, de mémoire (novembre 2026) ; à faire valider par le délégué à la protection des données"


def write(apps, schema_editor):
    rules = apps.get_model("members", "RetentionRule")
    for data, days, since in RULES:
        rules.objects.get_or_create(
            data=data,
            defaults={
                "days": days, "since": since, "source": SOURCE, "changed_at": datetime(2026, 11, 27, tzinfo=UTC),
            },
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("members", "0007_keep_personal_data_for_its_time")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
