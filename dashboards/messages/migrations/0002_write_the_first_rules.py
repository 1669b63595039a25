from datetime import UTC, datetime

from django.db import migrations

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
STARTING = "règle de départ du logiciel, à adopter par l’instance de gouvernance"

RULES = (  # class, signatures, sentences only, beside the official information
    ("teaching", ["expert"], False, False),
    ("local", ["expert", "mediator"], False, False),
    ("health", ["expert", "authority"], True, True),
    ("episode", ["expert", "authority"], True, True),
)

# Approved from the start: they say what the software does. Health sentences wait for the authority's approval.
PLEDGE = (
    ("pledge-call-episode", "Un épisode de pollution de l’air est annoncé par l’autorité pour ce jour.",
     "The authority announces an air-pollution episode for this day."),
    ("pledge-call-held", "Assez de personnes s’y sont engagées pour que votre condition soit remplie.",
     "Enough people have pledged for your condition to be met."),
    ("pledge-call-ask", "Nous vous demandons, ce jour seulement, de tenir ce que vous avez promis.",
     "We ask you, for this day only, to do what you promised."),
    ("pledge-call-free", "Si vous ne pouvez pas, rien ne vous sera reproché : dites-le simplement ensuite.",
     "If you cannot, nobody will blame you: simply say so afterwards."),
    ("pledge-call-after", "Le lendemain, dites en un clic ce que vous avez pu faire : rien d’autre ne vous sera envoyé.",
     "The day after, say in one click what you could do: nothing else will be sent to you."),
    ("pledge-call-lifted", "L’épisode annoncé pour ce jour est levé : rien ne vous est demandé.",
     "The episode announced for this day has been lifted: nothing is asked of you."),
)  # fmt: skip
EPISODE = (
    ("episode-official", "Seule l’information de l’autorité fait foi ; elle est reproduite à côté de ce message.",
     "Only the authority’s information is binding; it is shown beside this message."),
    ("episode-wood", "Pendant un épisode de particules, le feu de bois d’agrément est ce qui pèse le plus le soir.",
     "During a particle episode, decorative wood fires weigh most in the evening."),
    ("episode-car", "Pendant un épisode d’ozone ou de dioxyde d’azote, c’est la circulation qui pèse le plus.",
     "During an ozone or nitrogen dioxide episode, traffic weighs most."),
)  # fmt: skip
HEALTH = (
    ("health-sensitive", "Les personnes sensibles limitent les efforts physiques intenses, dehors comme dedans.",
     "Sensitive people limit intense physical effort, outdoors and indoors."),
    ("health-symptoms", "En cas de gêne respiratoire ou cardiaque, prenez conseil auprès de votre pharmacien ou de votre médecin.",
     "If breathing or your heart troubles you, ask your pharmacist or your doctor."),
)  # fmt: skip

CLAIMS = (  # phrase in plain small letters, level that it states
    ("pas d episode", ""), ("aucun episode", ""), ("fin de l episode", ""), ("episode est leve", ""),
    ("fin de l alerte", ""), ("alerte est levee", ""), ("pas d alerte", ""), ("air est bon", ""),
    ("air est de bonne qualite", ""), ("information recommandation", "IR"),
    ("information et recommandation", "IR"), ("alerte de niveau 2", "ALERTE_N2"), ("alerte niveau 2", "ALERTE_N2"),
    ("alerte de niveau 1", "ALERTE_N1"), ("alerte niveau 1", "ALERTE_N1"), ("en alerte", "ALERTE_N1"),
)  # fmt: skip


def write(apps, schema_editor):
    Rule = apps.get_model("public_messages", "MessageRule")
    Sentence = apps.get_model("public_messages", "ApprovedSentence")
    Claim = apps.get_model("public_messages", "ClaimWord")
    for message_class, signatures, sentences_only, beside in RULES:
        Rule.objects.create(
            message_class=message_class, version=1, valid_from=SINCE, signatures=signatures,
            sentences_only=sentences_only, beside_the_official=beside, decided_by=STARTING,
        )
    for theme, rows in (("pledge", PLEDGE), ("episode", EPISODE), ("health", HEALTH)):
        for code, text, text_en in rows:
            approved = {} if theme == "health" else {"approved_by": STARTING, "approved_at": SINCE}
            source = "memory: recommendations of the health ministry" if theme == "health" else "ours"
            Sentence.objects.create(code=code, theme=theme, text=text, text_en=text_en, source=source, **approved)
    for phrase, level in CLAIMS:
        Claim.objects.create(phrase=phrase, level=level)


class Migration(migrations.Migration):

    dependencies = [("public_messages", "0001_one_voice")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
