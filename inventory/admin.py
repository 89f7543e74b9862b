from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inventory.models import Category, Product
from lib.admin import ReadOnlyAdmin


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("sku", "name", "category", "category_source", "updated_at")
    list_filter = ("category_source",)
    list_select_related = ("category",)
    search_fields = ("sku", "name")
    ordering = ("-id",)
    exclude = ("gtin",)
    readonly_fields = ("gtin_text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return Product.objects.present()


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ("path", "version", "updated_at")
    search_fields = ("path",)
    ordering = ("path",)
