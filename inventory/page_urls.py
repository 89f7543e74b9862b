"""The pages of the catalogue, for people. What programs ask for is in urls.py."""

from django.urls import path

from inventory import views

urlpatterns = [
    path("products", views.product_list, name="product-list"),
    path("products/new", views.product_new, name="product-new"),
    path("products/<int:id>", views.product_page, name="product-page"),
    path("products/<int:id>/edit", views.product_edit, name="product-edit"),
    path("categories", views.category_list, name="category-list"),
]
