from django.db import migrations

from lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial")]

    operations = [
        append_only("predictions_prediction"),
        append_only("predictions_review"),
    ]
