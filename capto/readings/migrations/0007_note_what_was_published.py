from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("readings", "0006_keep_what_borrowers_say")]

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_hour", models.DateTimeField()),
                ("last_hour", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "readings_publication"},
        ),
    ]
