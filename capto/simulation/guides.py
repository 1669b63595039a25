"""The guides that the simulated library puts into its kits, for grown-ups and for classes."""

from typing import Final

GUIDE: Final = """1. **Choisissez la place.** Dehors, à l’ombre, entre un mètre et demi et trois mètres du sol, à plus
   d’un mètre d’un mur, loin d’une cheminée, d’une hotte ou d’un barbecue.
2. **Fixez-le** avec le collier, l’entrée d’air vers le bas.
3. **Branchez-le** sur une prise protégée de la pluie. La lumière clignote, puis reste fixe.
4. **Regardez cette page.** La première mesure arrive en moins d’une minute. Sinon, le diagnostic ci-dessus dit quoi
   faire.
5. **Laissez-le tranquille** : le déplacer change ce qu’il mesure. Si vous le déplacez, dites-le ici.
"""

CHILDREN_GUIDE: Final = """L’air contient des grains trop petits pour être vus. Notre capteur les compte, jour et nuit.
Chaque jour, nous regardons ce qu’il a vu et nous cherchons pourquoi.

- Le matin et l’après-midi, une personne lit le nombre.
- Une autre regarde dehors : pluie, vent, brouillard, voitures ?
- Nous écrivons les deux dans le carnet. On n’écrit le nom de personne.
"""
