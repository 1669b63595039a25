"""The sheet for children with which every new course begins: short words, things to look for, room to write."""

SHEET = """## Notre capteur compte les poussières

L’air est plein de tout petits grains. On ne les voit pas. Ils sont plus petits qu’un cheveu coupé en vingt.
Le capteur respire l’air comme nous. Une lumière passe dans l’air. Chaque grain fait un petit éclair. Le capteur compte
les éclairs.

## Où le poser ?

- Dehors, à l’ombre, à la hauteur de ta tête.
- Loin du mur : au moins la longueur de ton bras.
- Loin d’une cheminée ou d’un pot d’échappement.
- Pas dans l’herbe mouillée.

## Avant de regarder, devine !

Entoure ta réponse. Il n’y a pas de mauvaise réponse.

| Il y a le plus de grains… | le matin | à midi | le soir |
|---|---|---|---|
| Je crois : | ○ | ○ | ○ |

| Il y a le moins de grains… | s’il pleut | s’il y a du vent | s’il fait calme |
|---|---|---|---|
| Je crois : | ○ | ○ | ○ |

## Regarde la ligne

1. À quelle heure la ligne est-elle la plus haute ?
2. Que font les gens à cette heure-là ?
3. Demain sera-t-il pareil ? Écris ce que tu crois.

## Le capteur peut se tromper

Il n’est pas aussi précis qu’un grand appareil de la station. C’est pourquoi il dit : « entre tant et tant ».
Une différence toute petite ne veut rien dire.

*Sur cette feuille, on n’écrit le nom de personne.*
"""
