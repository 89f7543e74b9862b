from django.urls import path

from inventory import api

urlpatterns = [
    path("products", api.Products.as_view(), name="products"),
    path("products/<int:id>", api.ProductDetail.as_view(), name="product"),
    path("products/<int:id>/category", api.ProductCategory.as_view(), name="product-category"),
    path("categories", api.Categories.as_view(), name="categories"),
    path("categories/<int:id>", api.CategoryDetail.as_view(), name="category"),
]
