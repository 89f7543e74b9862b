"""Products over HTTP."""

from typing import Any

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from inventory import actions, scanning
from inventory.api.requests import IF_MATCH, person, read_version, stale
from inventory.models import HEAVIEST_G, LONGEST_MM, Product, read_gtin
from lib import clock
from lib.api import (
    Conflict,
    Money,
    QuerySerializer,
    StrictSerializer,
    Text,
    Whole,
    needs,
    next_page,
)

# What comes in


class SkuField(Text):
    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if not value.isprintable():
            raise ValidationError("Leave out line breaks and other invisible characters.")
        return value


class GtinField(Text):
    """A GTIN, or whatever a scanner sends that holds one."""

    def to_internal_value(self, data: Any) -> int:  # type: ignore[override]
        text = super().to_internal_value(data)
        scanned = scanning.read(text, year=clock.now().year)
        return int(scanned.gtin) if isinstance(scanned, scanning.Goods) else read_gtin(text)


class ProductInput(StrictSerializer):
    sku = SkuField(max_length=64)
    gtin = GtinField(allow_null=True, default=None)
    name = Text(max_length=500)
    description = Text(max_length=20_000, allow_blank=True, default="")
    brand = Text(max_length=2000, allow_blank=True, default="")
    width_mm = Whole(min_value=1, max_value=LONGEST_MM, allow_null=True, default=None)
    height_mm = Whole(min_value=1, max_value=LONGEST_MM, allow_null=True, default=None)
    depth_mm = Whole(min_value=1, max_value=LONGEST_MM, allow_null=True, default=None)
    weight_g = Whole(min_value=1, max_value=HEAVIEST_G, allow_null=True, default=None)
    price = Money(allow_null=True, default=None)
    category = Text(max_length=1000, allow_null=True, default=None, help_text="A path.")


class ProductChange(ProductInput):
    version = Whole(min_value=1, required=False, help_text="The version you have read.")


class CategoryChoice(StrictSerializer):
    category = Text(max_length=1000, allow_null=True, help_text="A path.")
    version = Whole(min_value=1, required=False, help_text="The version you have read.")


class ProductFilters(QuerySerializer):
    """What a list of products can be narrowed by, here and on the page."""

    search = serializers.CharField(max_length=200, required=False)
    sku = serializers.CharField(max_length=64, required=False)
    category = serializers.CharField(
        max_length=1000, required=False, help_text="A path; what lies below it counts too."
    )
    uncategorized = serializers.BooleanField(required=False)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF moves it to `fields`
        [*filter(None, Product.Source.values), Product.NOBODY],
        required=False,
        help_text="Who said which category it is.",
    )


class ProductQuery(ProductFilters):
    code = serializers.CharField(
        max_length=500, required=False, help_text="A SKU, a GTIN, or what a scanner sends."
    )
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, required=False, help_text="As `next` gives it."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


# What goes out


class ProductOutput(serializers.Serializer[Product]):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    gtin = serializers.CharField(source="gtin_text", allow_null=True)
    name = serializers.CharField()
    description = serializers.CharField()
    brand = serializers.CharField()
    width_mm = serializers.IntegerField(allow_null=True)
    height_mm = serializers.IntegerField(allow_null=True)
    depth_mm = serializers.IntegerField(allow_null=True)
    weight_g = serializers.IntegerField(allow_null=True)
    price = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    category = serializers.CharField(source="category.path", allow_null=True)
    category_id = serializers.IntegerField(allow_null=True)
    category_source = serializers.ChoiceField(choices=Product.Source.choices)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProductPage(serializers.Serializer[Any]):
    results = ProductOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")


def _product(product: Product, status: int = 200) -> Response:
    response = Response(ProductOutput(product).data, status=status)
    response["ETag"] = f'"{product.version}"'
    return response


class Products(APIView):
    permission_classes = [needs("inventory.view_product", POST="inventory.add_product")]

    @extend_schema(operation_id="list_products", parameters=[ProductQuery], responses=ProductPage)
    def get(self, request: Request) -> Response:
        asked = ProductQuery.read(request)
        limit: int = asked.pop("limit")
        after: int = asked.pop("after", 0)
        code: str | None = asked.pop("code", None)
        found = Product.objects.present().matching(**asked).filter(pk__gt=after)
        if code is not None:
            found = found.filter(scanning.named_by(code, year=clock.now().year))
        page = list(found.select_related("category").order_by("pk")[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        return Response(
            {
                "results": list(map(ProductOutput().to_representation, page)),
                "next": next_page(request, after=page[-1].pk) if more else None,
            }
        )

    @extend_schema(
        operation_id="create_product",
        request=ProductInput,
        responses={201: ProductOutput},
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        data = ProductInput(data=request.data)
        data.is_valid(raise_exception=True)
        fields = data.validated_data
        category = fields.pop("category")
        try:
            product = actions.create_product(
                fields=fields, category=category, by=person(request), now=clock.now()
            )
        except actions.UnknownCategory as error:
            raise ValidationError({"category": [str(error)]}) from error
        except actions.CannotSave as error:
            raise Conflict(str(error)) from error
        response = _product(product, status=201)
        response["Location"] = reverse("product", args=[product.pk])
        return response


class ProductDetail(APIView):
    permission_classes = [
        needs(
            "inventory.view_product",
            PUT="inventory.change_product",
            PATCH="inventory.change_product",
            DELETE="inventory.delete_product",
        )
    ]

    @extend_schema(operation_id="read_product", responses=ProductOutput)
    def get(self, request: Request, id: int) -> Response:
        product = Product.objects.present().select_related("category").filter(pk=id).first()
        if product is None:
            raise Http404
        return _product(product)

    @extend_schema(
        operation_id="replace_product",
        request=ProductChange,
        responses=ProductOutput,
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def put(self, request: Request, id: int) -> Response:
        return self._change(request, id, partial=False)

    @extend_schema(
        operation_id="change_product",
        request=ProductChange,
        responses=ProductOutput,
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def patch(self, request: Request, id: int) -> Response:
        return self._change(request, id, partial=True)

    @extend_schema(
        operation_id="delete_product",
        responses={204: None},
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def delete(self, request: Request, id: int) -> Response:
        try:
            actions.delete_product(
                product_id=id,
                by=person(request),
                now=clock.now(),
                expected_version=read_version(request),
            )
        except Product.DoesNotExist as error:
            raise Http404 from error
        except actions.Stale as error:
            raise stale(error) from error
        return Response(status=204)

    def _change(self, request: Request, id: int, *, partial: bool) -> Response:
        data = ProductChange(data=request.data, partial=partial)
        data.is_valid(raise_exception=True)
        fields = data.validated_data
        version = read_version(request, fields.pop("version", None))
        category = {"category": fields.pop("category")} if "category" in fields else {}
        try:
            product = actions.update_product(
                product_id=id,
                fields=fields,
                by=person(request),
                now=clock.now(),
                expected_version=version,
                **category,
            )
        except Product.DoesNotExist as error:
            raise Http404 from error
        except actions.UnknownCategory as error:
            raise ValidationError({"category": [str(error)]}) from error
        except actions.Stale as error:
            raise stale(error) from error
        except actions.CannotSave as error:
            raise Conflict(str(error)) from error
        return _product(product)


class ProductCategory(APIView):
    """Which category a product belongs to, for people who may say that and nothing else."""

    permission_classes = [needs("inventory.categorize_product")]

    @extend_schema(
        operation_id="categorize_product",
        request=CategoryChoice,
        responses=ProductOutput,
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def put(self, request: Request, id: int) -> Response:
        data = CategoryChoice(data=request.data)
        data.is_valid(raise_exception=True)
        chosen = data.validated_data
        try:
            product = actions.categorize(
                product_id=id,
                category=chosen["category"],
                source=Product.Source.PERSON,
                by=person(request),
                now=clock.now(),
                expected_version=read_version(request, chosen.get("version")),
            )
        except Product.DoesNotExist as error:
            raise Http404 from error
        except actions.UnknownCategory as error:
            raise ValidationError({"category": [str(error)]}) from error
        except actions.Stale as error:
            raise stale(error) from error
        return _product(product)
