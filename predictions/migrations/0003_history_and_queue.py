from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("predictions", "0002_triggers")]

    operations = [
        migrations.RemoveIndex(model_name="prediction", name="predictions_by_product"),
        migrations.RemoveIndex(model_name="prediction", name="predictions_doubtful"),
        migrations.AddIndex(
            model_name="prediction",
            index=models.Index(
                fields=["product", "id"],
                name="predictions_by_product",
                condition=models.Q(product__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="prediction",
            index=models.Index(
                models.Func(
                    "confidence_ppm",
                    template="COALESCE(%(expressions)s, -1)",
                    output_field=models.IntegerField(),
                ),
                models.F("id"),
                name="predictions_doubtful",
                condition=models.Q(needs_review=True, product__isnull=False),
            ),
        ),
    ]
