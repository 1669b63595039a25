from datetime import UTC, datetime

from django.db import migrations

PROTOCOL_FR = """
## Ce que nous mesurons

Chaque exemplaire se tient à côté d’une station de référence. Nous comparons ses moyennes horaires et journalières à celles de la station, sans rien convertir, décaler ni retirer.

## Deux périodes, fixées avant le début

La **période d’étalonnage** sert à ajuster une correction. La **période de notation** sert à juger. Elles ne se recouvrent pas, et personne ne peut les changer après coup : la base de données le refuse.

## À l’aveugle

Le fabricant ne reçoit la référence de nous qu’après la période de notation. Les stations publiques publient aussi leurs mesures ailleurs : une correction qui apprendrait de cette source ne serait pas détectée par nous, et la charte l’interdit.

## Ce que le rapport contient, toujours

Identité et micrologiciel ; site, dates, instrument de référence et validité de ses données ; part de données recueillies ; séries et décalage ; nuages de points avec droites et intervalles par blocs ; heures et jours côte à côte ; accord entre exemplaires (trois au moins, sinon « non évaluable ») ; incertitude élargie sur le domaine observé et à la valeur limite ; cibles de l’US EPA ; écarts selon la température, l’humidité, la concentration, l’heure et la semaine ; dérive par 30 jours ; brut et corrigé séparés, notés seulement sur des heures que la correction n’avait pas vues ; contrôles ; domaine de validité ; méthode, version, sommes de contrôle.

## Comment nous concluons

« Convient à une étude » : incertitude élargie d’au plus celle de la classe 2 (indicative) à la valeur limite, ou aux valeurs hautes observées si la valeur limite n’a pas été approchée ; au moins 75 % des heures ; au moins 14 jours et 250 heures comparées ; exemplaires en accord. « Convient à la sensibilisation » : au plus celle de la classe 3, et 75 % des heures. Jamais sur le R² ni sur le biais seuls. Le résultat est indicatif au regard des objectifs de qualité des données.

## Publication

Chaque rapport est publié à une adresse permanente, quel que soit le résultat. Le fabricant peut le commenter ; son commentaire se lit avec le verdict. Une erreur se corrige par une nouvelle version, l’ancienne restant lisible.
"""
PROTOCOL_EN = """
## What we measure

Each unit stands beside a reference station. We compare its hourly and daily means with those of the station; nothing is converted, shifted or removed.

## Two periods, fixed before the start

The **calibration period** is for fitting a correction. The **scoring period** is for judging. They do not overlap, and nobody can change them afterwards: the database refuses it.

## Blind

The maker receives the reference from us only after the scoring period. Public stations publish their measurements elsewhere too: we would not detect a correction that learned from that source, and the charter forbids it.

## What the report always holds

Identity and firmware; site, dates, reference instrument and validity of its data; capture; series and lag; scatter with lines and block intervals; hours and days side by side; agreement between units (three at least, else “not assessable”); expanded uncertainty over the observed range and at the limit value; targets of the US EPA; differences by temperature, humidity, concentration, hour and week; drift per 30 days; raw and corrected apart, scored only on hours that the correction had not seen; checks; domain of validity; method, version, checksums.

## How we conclude

“Fit for a study”: expanded uncertainty of at most class 2 (indicative) at the limit value, or at the high values observed where the limit value was not approached; at least 75 % of the hours; at least 14 days and 250 hours compared; units in agreement. “Fit for awareness”: at most class 3, and 75 % of the hours. Never on R² or bias alone. The result is indicative with respect to the data quality objectives.

## Publication

Each report is published at a permanent address, whatever the result. The maker may comment; the comment is read with the verdict. An error is corrected by a new version, and the old one stays readable.
"""
CHARTER_FR = """
1. Le protocole est le même pour tous ; il est public et daté.
2. Le rapport est publié en entier, quel que soit le résultat. Le fabricant ne peut ni le retirer ni le retarder.
3. Le fabricant peut publier un commentaire, affiché avec la même visibilité que le verdict.
4. Le fabricant déclare le micrologiciel et ne le change pas pendant l’essai ; un changement est signalé et figure au rapport.
5. L’essai est à l’aveugle. Le fabricant ne cherche pas la référence par une autre voie avant la fin de la notation.
6. Qui paie l’essai est écrit dans le rapport. Payer n’achète ni résultat ni délai.
7. Le rapport n’est ni un agrément ni un classement ; il se cite en entier ou avec son adresse permanente.
8. Les habitants qui essaient un appareil chez eux restent inconnus du fabricant : il n’apprend ni leur nom ni leur adresse.
"""
CHARTER_EN = """
1. The protocol is the same for everyone; it is public and dated.
2. The report is published in full, whatever the result. The maker can neither withdraw nor delay it.
3. The maker may publish a comment, shown as prominently as the verdict.
4. The maker states the firmware and does not change it during the test; a change is told and stands in the report.
5. The test is blind. The maker does not look for the reference elsewhere before the scoring is over.
6. Who pays for the test is written in the report. Paying buys neither a result nor a delay.
7. The report is neither an approval nor a classification; it is quoted in full or with its permanent address.
8. Residents who try a device at home stay unknown to the maker, who learns neither name nor address.
"""


def publish(apps, schema_editor):
    texts = apps.get_model("validation", "TestText")
    at = datetime(2026, 11, 27, tzinfo=UTC)
    for kind, french, english in (
        ("protocol", PROTOCOL_FR, PROTOCOL_EN),
        ("charter", CHARTER_FR, CHARTER_EN),
    ):
        texts.objects.create(
            kind=kind, version="2026-1", french=french.strip(), english=english.strip(), published_at=at
        )


class Migration(migrations.Migration):
    dependencies = [("validation", "0004_device_tests")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
