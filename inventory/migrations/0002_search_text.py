from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="category",
            name="search_text",
            field=models.TextField(
                default="", editable=False, help_text="The path, as a search looks for it."
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="search_text",
            field=models.TextField(
                default="",
                editable=False,
                help_text="SKU, name and brand, as a search looks for them.",
            ),
        ),
    ]
