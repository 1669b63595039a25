from typing import Any

from django.db import migrations
from django.utils import timezone

WITH_HISTORY = (
    ("members", "BorrowerGroup"), ("members", "Campaign"), ("members", "Charter"), ("members", "Organisation"),
    ("members", "StaffRole"), ("members", "RetentionRule"), ("catalogue", "LendingPoint"),
    ("catalogue", "OpeningHours"), ("catalogue", "Closure"), ("training", "Course"), ("training", "CourseSession"),
    ("training", "BorrowingRight"), ("lending", "Policy"),
)  # fmt: skip


def note(apps: Any, schema_editor: Any) -> None:
    """Note each row as it stands, so that its first change has something before it."""
    for app, name in WITH_HISTORY:
        event = apps.get_model(app, f"{name}Event")
        fields = [field.attname for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
        key = apps.get_model(app, name)._meta.pk.attname
        now = timezone.now()
        for row in apps.get_model(app, name).objects.exclude(pk__in=event.objects.values("pgh_obj_id")):
            told = {attname: getattr(row, attname) for attname in fields}
            event.objects.create(pgh_created_at=now, pgh_label="stood", pgh_obj_id=getattr(row, key), **told)


class Migration(migrations.Migration):
    dependencies = [
        ("lending", "0009_keep_the_history_of_policies"),
        ("members", "0011_keep_the_history_of_rules"),
        ("catalogue", "0009_keep_the_history_of_points"),
        ("training", "0002_warn_before_a_right_ends"),
    ]

    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
