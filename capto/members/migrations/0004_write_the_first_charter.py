"""Write the first version of the loan's charter, so that an instance can lend from its first day.

An association writes its own as a new row; this one stays, because agreements name it.
"""

from datetime import datetime, timezone

from django.db import migrations

VERSION = "1"
TEXT = """\
**Ce que la captothèque prête.** Un capteur et ses accessoires, gratuitement : ni caution, ni frais, ni pénalité.

**Ce que vous faites.** Vous installez le capteur comme le guide le montre, vous dites où il se trouve, vous le
rapportez complet à la date prévue. Une panne ou une perte se dit simplement : personne ne vous fera payer.

**Ce que deviennent les mesures.** Les valeurs horaires sont publiées sans votre nom, rattachées à une case de
200 mètres de côté ou plus large, jamais à votre adresse. Chaque mesure d’un capteur placé dehors n’est publiée qu’après
la fin du prêt ; celles d’un capteur placé dans un logement ne le sont jamais, sauf si vous le demandez. Vous pouvez
mettre les mesures en pause : ce qui arrive alors n’est pas gardé.

**Ce que la captothèque garde de vous.** Votre nom, de quoi vous joindre, et vos prêts jusqu’à un an après le retour.
Votre adresse et la position exacte sont effacées un mois après le retour. Les mesures publiées restent.

**Ce que les mesures ne sont pas.** Un capteur prêté n’est pas une station réglementaire. Ses valeurs sont données
avec leur incertitude ; elles n’ont pas de valeur juridique et ne sont pas un avis de santé.
"""


def write(apps, schema_editor):
    charter = apps.get_model("members", "Charter")
    charter.objects.get_or_create(
        version=VERSION,
        defaults={"text": TEXT, "published_at": datetime(2026, 11, 1, tzinfo=timezone.utc)},
    )


class Migration(migrations.Migration):

    dependencies = [("members", "0003_add_groups_consents_campaigns_and_messages")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
