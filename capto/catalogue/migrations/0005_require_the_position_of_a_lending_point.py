from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("catalogue", "0004_count_the_cycles_of_devices")]

    operations = [
        migrations.AlterField("lendingpoint", "latitude", models.FloatField()),
        migrations.AlterField("lendingpoint", "longitude", models.FloatField()),
    ]
