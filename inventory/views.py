"""The pages of the catalogue. What they show alive, an island asks the API for."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory import listing, tree
from inventory.api import ProductOutput
from inventory.facts import facts_of
from inventory.models import Product
from lib.api import BadQuery
from lib.pages import not_understood, page_needs


@page_needs("inventory.view_product")
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    try:
        page = listing.read(request)
    except BadQuery as error:
        return not_understood(request, error)
    return render(
        request,
        "inventory/products.html",
        {"list": page, "orders": listing.ORDERS, "sources": listing.SOURCES},
    )


@page_needs("inventory.view_category")
@require_safe
def category_list(request: HttpRequest) -> HttpResponse:
    try:
        shown = tree.read(request)
    except BadQuery as error:
        return not_understood(request, error)
    return render(request, "inventory/categories.html", shown)


@page_needs("inventory.add_product")
@require_safe
def product_new(request: HttpRequest) -> HttpResponse:
    return render(request, "inventory/product_new.html")


@page_needs("inventory.view_product")
@require_safe
def product_page(request: HttpRequest, id: int) -> HttpResponse:
    product = _present(id)
    return render(
        request, "inventory/product.html", {"product": product, "facts": facts_of(product)}
    )


@page_needs("inventory.change_product")
@require_safe
def product_edit(request: HttpRequest, id: int) -> HttpResponse:
    product = _present(id)
    return render(
        request,
        "inventory/product_edit.html",
        {"product": product, "stored": dict(ProductOutput(product).data)},
    )


def _present(id: int) -> Product:
    product = Product.objects.present().select_related("category").filter(pk=id).first()
    if product is None:
        raise Http404
    return product
