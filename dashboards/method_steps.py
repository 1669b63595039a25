"""The method in plain words: what each of the six steps of a published number does, why, and by which formula."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

Text = StrPromise | str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A sign of a formula: what it stands for, in which unit."""

    sign: str
    meaning: Text
    unit: str = ""


@dataclass(frozen=True, slots=True)
class MethodStep:
    """One page of the method. `code` names the functions that do it, `sources` what the way of doing rests on."""

    slug: str
    title: Text
    short: Text
    what: tuple[Text, ...]
    why: Text
    code: tuple[str, ...]
    formulas: tuple[str, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    sources: tuple[Text, ...] = ()


STEPS: tuple[MethodStep, ...] = (
    MethodStep(
        "mesures",
        _("Le message est gardé tel quel"),
        _(
            "Ce que le capteur envoie est conservé sans retouche, avec l’heure de la mesure et l’heure de son "
            "arrivée. Rien n’est jamais modifié ensuite."
        ),
        (
            _(
                "Un capteur envoie toutes les quelques minutes un message : ses mesures du moment, et parfois "
                "l’heure de son horloge. Le message est traduit par un décodeur écrit pour ce modèle, puis "
                "rangé en une seule fois avec l’heure de la mesure et celle de son arrivée."
            ),
            _(
                "Le même message reçu deux fois n’est rangé qu’une fois. Deux messages différents pour le "
                "même instant sont comptés et montrés : aucun n’est choisi en silence. Un message illisible, "
                "ou d’un appareil inconnu, est mis de côté avec la raison et peut être rejoué."
            ),
        ),
        _(
            "Si une correction se révèle mauvaise dans deux ans, il faut pouvoir tout recalculer depuis le "
            "début. Cela n’est possible que si le début n’a jamais été touché."
        ),
        ("firmware_bridge.formats", "firmware_bridge.intake", "capto.readings.models.RawMessage"),
        ("(capteur, t, disposition) → x₁ … xₖ",),
        (
            Symbol("t", _("instant de la mesure, en temps universel"), "s"),
            Symbol("x", _("une mesure brute, dans l’unité de sa grandeur")),
            Symbol(
                "disposition", _("la liste des grandeurs que l’appareil envoie ensemble, dans leur ordre")
            ),
        ),
        (_("MQTT 3.1.1 (OASIS) : un message n’est acquitté qu’une fois rangé"),),
    ),
    MethodStep(
        "moyenne",
        _("Les mesures d’une heure font une moyenne"),
        _(
            "Il faut au moins trois quarts des mesures attendues. Sinon l’heure est publiée avec cette "
            "mention et ne s’interprète pas."
        ),
        (
            _(
                "Les mesures reçues entre le début d’une heure et le début de la suivante sont comptées, "
                "sommées, et leurs carrés aussi. L’heure porte le nom de son début : 8 h va de 8 h 00 à 8 h "
                "59."
            ),
            _(
                "La couverture est la part des mesures attendues qui sont arrivées ; le modèle du capteur dit "
                "combien on en attend. Une mesure tardive, ou rejouée, fait recalculer son heure."
            ),
        ),
        _(
            "Une mesure isolée d’un petit capteur varie beaucoup par hasard. La moyenne d’une heure varie "
            "moins, et c’est aussi ce que donnent les stations : on compare alors des choses de même nature."
        ),
        ("capto.readings.models.HourlyAggregate", "calibration.hours"),
        ("x̄ = Σ x / n", "s² = (Σ x² − n · x̄²) / (n − 1)", "c = n / N"),
        (
            Symbol("n", _("nombre de mesures comptées dans l’heure")),
            Symbol("N", _("nombre de mesures attendues : 3 600 s divisées par l’intervalle du modèle")),
            Symbol("x̄", _("moyenne brute, dans l’unité de la grandeur")),
            Symbol("s", _("écart type des mesures de l’heure, dans la même unité")),
            Symbol("c", _("couverture, de 0 à 1")),
        ),
        (_("Trois quarts des mesures : la règle des moyennes horaires des associations agréées"),),
    ),
    MethodStep(
        "controles",
        _("Des contrôles cherchent ce qui est faux"),
        _(
            "Valeur impossible, figée, pic isolé, air saturé d’eau, désaccord entre grandeurs. Une heure "
            "signalée reste visible, avec son motif."
        ),
        (
            _(
                "Chaque heure passe une suite de contrôles automatiques, toujours les mêmes. Les uns écartent "
                "l’heure : sa note devient D et elle n’est plus dessinée dans la ligne. Les autres demandent "
                "de la lire avec prudence."
            ),
            _(
                "Une personne de l’équipe peut aussi écarter une période ; son motif et la date sont publiés. "
                "Rien n’est effacé : l’heure signalée reste dans les fichiers avec le nom du contrôle."
            ),
        ),
        _(
            "Un capteur en panne continue souvent d’envoyer des nombres. Les contrôles les trouvent sans "
            "attendre qu’une personne regarde la courbe."
        ),
        ("calibration.checks", "calibration.flags.VOCABULARY", "capto.validation.block"),
        ("|x − m| > k · 1,4826 · MAD",),
        (
            Symbol("m", _("médiane des heures voisines")),
            Symbol("MAD", _("médiane des écarts à m ; × 1,4826, elle vaut un écart type")),
            Symbol("k", _("facteur au-delà duquel un pic est isolé")),
        ),
        (
            _("Filtre de Hampel ; indicateurs numérotés comme QARTOD (UNESCO 2013, Manuals and Guides 54)"),
            _("Barkjohn et al. 2021, pour l’écart entre les deux voies d’un capteur (de mémoire)"),
        ),
    ),
    MethodStep(
        "etalonnage",
        _("Le capteur a été comparé à une station"),
        _(
            "Avant et après chaque prêt, il passe quelques jours à côté d’une station de référence. On en "
            "tire sa correction propre, humidité comprise, et ce qu’elle laisse d’erreur. Une personne "
            "l’approuve."
        ),
        (
            _(
                "Le capteur reste plusieurs jours près de l’entrée d’air d’une station. Pour chaque heure "
                "commune, on a ce que dit le capteur et ce que dit la station. Une droite, ou une formule "
                "avec l’humidité et la température, est ajustée sur ces paires."
            ),
            _(
                "Plusieurs formules sont essayées et jugées sur des jours qu’elles n’ont pas vus. Une "
                "métrologue regarde les courbes, choisit et signe ; avant sa décision, rien n’est appliqué. "
                "Deux séjours, avant et après le prêt, disent combien le capteur a dérivé."
            ),
        ),
        _(
            "Deux capteurs sortis de la même boîte ne disent pas le même nombre, et le brouillard gonfle les "
            "particules. Sans comparaison, un nombre de capteur n’est qu’une indication."
        ),
        (
            "calibration.colocation.fit",
            "calibration.choosing",
            "calibration.bracketing",
            "capto.validation.models.Calibration",
        ),
        ("brut = a + b · référence + e",),
        (
            Symbol("a", _("ordonnée à l’origine, dans l’unité de la grandeur")),
            Symbol("b", _("pente, sans unité")),
            Symbol("e", _("ce que la formule laisse d’erreur")),
        ),
        (
            _("Crilley et al. 2018, pour l’effet de l’humidité sur les particules"),
            _("Bootstrap par blocs d’un jour, pour l’incertitude des coefficients"),
        ),
    ),
    MethodStep(
        "correction",
        _("La correction est appliquée"),
        _("La formule approuvée est appliquée à chaque heure du prêt, et redonne le même nombre partout."),
        (
            _(
                "La moyenne brute de l’heure entre dans la formule de l’étalonnage, avec l’humidité et la "
                "température que le capteur a mesurées à la même heure. Entre deux étalonnages, les "
                "coefficients passent peu à peu de l’un à l’autre, selon la date."
            ),
            _(
                "Pendant le prêt, la valeur est provisoire : au retour, la seconde comparaison fait "
                "recalculer toutes les heures. Chaque chiffre publié qui change est noté au journal des "
                "données."
            ),
        ),
        _(
            "La correction enlève ce que l’on sait faux : la réponse propre du capteur, l’eau sur les "
            "particules, la dérive. Ce que l’on ne sait pas enlever va dans l’incertitude."
        ),
        ("calibration.applying.apply", "calibration.terms.METHODS", "capto.validation.recompute"),
        (
            "x̂ = (brut − a) / b",
            "sec = brut / (1 + (κ / ρ) / (100 / h − 1))",
            "a = (1 − w) · a₀ + w · a₁",
        ),
        (
            Symbol("x̂", _("valeur corrigée, dans l’unité de la grandeur")),
            Symbol("h", _("humidité relative de l’heure"), "%"),
            Symbol("κ", _("ce que les particules prennent d’eau, sans unité")),
            Symbol("ρ", _("densité des particules sèches"), "g/cm³"),
            Symbol("w", _("part du second étalonnage : 0 au premier séjour, 1 au second")),
        ),
        (_("Crilley et al. 2018 ; Di Antonio et al. 2018 (κ-Köhler)"),),
    ),
    MethodStep(
        "incertitude",
        _("Une incertitude, et une note qui dit à quoi le nombre peut servir"),
        _(
            "La valeur publiée porte un intervalle où la vraie valeur se trouve 19 fois sur 20. Une note, de "
            "A à D, dit à quoi elle peut servir."
        ),
        (
            _(
                "Tout ce qui peut fausser la valeur est estimé séparément, puis réuni : ce que l’ajustement "
                "laisse, les coefficients, un autre air que celui du banc, la station elle-même, la dérive, "
                "les mesures manquantes."
            ),
            _(
                "La note suit de règles écrites : deux séjours ou un séjour récent et une incertitude assez "
                "petite donnent B ; trop large, ou un doute, donnent C ; un contrôle échoué ou aucun "
                "étalonnage donnent D. A est réservé aux stations."
            ),
        ),
        _(
            "Un nombre sans incertitude ne se compare à rien. Deux lieux dont les intervalles se recouvrent "
            "ne se distinguent pas, et la page le dit."
        ),
        ("calibration.uncertainty", "calibration.grades.grade", "calibration.objectives"),
        (
            "U² = r² + t² · zᵀVz + k² · (u²régime + u²référence + u²dérive + u²moyenne)",
            "U% = 100 · U / max(x̂, VL)",
        ),
        (
            Symbol("U", _("demi-largeur de l’intervalle à 95 %, dans l’unité de la grandeur")),
            Symbol("r", _("ce que l’ajustement laisse d’erreur, mesuré sur des jours qu’il n’a pas vus")),
            Symbol("zᵀVz", _("part des coefficients, pour l’humidité et le niveau de cette heure")),
            Symbol("k", _("facteur d’élargissement")),
            Symbol("VL", _("valeur limite de la grandeur, quand elle en a une")),
        ),
        (
            _("Guide pour l’expression de l’incertitude de mesure (GUM, JCGM 100:2008), 6.2"),
            _("CEN/TS 17660-1:2021 et 17660-2:2024, par le programme publié du JRC"),
        ),
    ),
    MethodStep(
        "publication",
        _("Et ce qui en est publié"),
        _(
            "La valeur paraît avec sa trace entière, mais jamais avec l’adresse : le lieu est le centre d’un "
            "carré."
        ),
        (
            _(
                "Chaque heure paraît sur la page du lieu, dans les fichiers et dans les interfaces, avec son "
                "incertitude, sa note, son étalonnage et la version du calcul. Les mesures d’un logement "
                "paraissent au centre d’un carré choisi une seule fois, et les heures du premier et du "
                "dernier jour ne paraissent pas."
            ),
            _(
                "Les mesures prises à l’intérieur restent privées si la personne ne décide pas autrement. "
                "Rien n’est retiré en silence : un lieu retiré garde son adresse, avec le motif, l’auteur et "
                "la date."
            ),
        ),
        _("Tout doit pouvoir être vérifié par qui le veut, sans que personne n’y reconnaisse une maison."),
        ("capto.readings.models.CellRule", "dashboards.models.PublishedHour", "dashboards.open_data"),
        ("E′ = m · ⌊E / m⌋ + m / 2,  N′ = m · ⌊N / m⌋ + m / 2",),
        (
            Symbol("E, N", _("coordonnées du lieu dans la grille européenne EPSG:3035"), "m"),
            Symbol("m", _("côté du carré publié"), "m"),
        ),
        (_("INSPIRE, grille ETRS89-LAEA (EPSG:3035)"),),
    ),
)
BY_SLUG = {step.slug: step for step in STEPS}
