from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Not a copy: whoever changes the folding has to fold every product again, and does not want the
# old folding in between.
from inventory.search import searchable

CHUNK = 1000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fold what is stored already, a thousand products at a time, the deleted ones too."""
    database = schema_editor.connection.alias
    categories = apps.get_model("inventory", "Category").objects.using(database)
    for category in categories.all():
        category.search_text = searchable(category.path)
        category.save(update_fields=["search_text"])
    products = apps.get_model("inventory", "Product").objects.using(database)
    last = 0
    while chunk := list(products.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        for product in chunk:
            product.search_text = searchable(f"{product.name} {product.brand}", code=product.sku)
        # An upsert whose rows are all there: bulk_update takes many times as long.
        products.bulk_create(
            chunk, update_conflicts=True, unique_fields=["id"], update_fields=["search_text"]
        )
        last = chunk[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_search_text"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
