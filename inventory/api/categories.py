"""Categories over HTTP."""

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
from inventory import actions
from inventory.api.requests import IF_MATCH, person, read_version, stale
from inventory.models import SEPARATOR, Category, Taxonomy
from lib import clock
from lib.api import Conflict, QuerySerializer, StrictSerializer, Text, Whole, needs, next_page

# What comes in


class NameField(Text):
    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if not value.isprintable():
            raise ValidationError("Leave out line breaks and other invisible characters.")
        # The separator must not come into being where the name meets its neighbours either.
        if SEPARATOR.strip() in (value[:1], value[-1:]) or SEPARATOR in value:
            raise ValidationError(f"“{SEPARATOR}” separates names; choose a name without it.")
        return value


class CategoryInput(StrictSerializer):
    name = NameField(max_length=200)
    parent = Text(  # type: ignore[assignment]  # DRF moves it from the class into `fields`
        max_length=1000, allow_null=True, default=None, help_text="A path."
    )


class CategoryChange(CategoryInput):
    version = Whole(min_value=1, required=False, help_text="The version you have read.")


class CategoryQuery(QuerySerializer):
    search = serializers.CharField(max_length=200, required=False)
    after = serializers.CharField(max_length=1000, required=False, help_text="As `next` gives it.")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)


# What goes out


class CategoryOutput(serializers.Serializer[Category]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    path = serializers.CharField()
    parent = serializers.CharField(  # type: ignore[assignment]  # as above
        source="parent.path", allow_null=True
    )
    parent_id = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CategoryPage(serializers.Serializer[Any]):
    taxonomy_version = serializers.IntegerField()
    results = CategoryOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")


def _category(category: Category, status: int = 200) -> Response:
    response = Response(CategoryOutput(category).data, status=status)
    response["ETag"] = f'"{category.version}"'
    return response


class Categories(APIView):
    permission_classes = [needs("inventory.view_category", POST="inventory.add_category")]

    @extend_schema(
        operation_id="list_categories", parameters=[CategoryQuery], responses=CategoryPage
    )
    def get(self, request: Request) -> Response:
        asked = CategoryQuery.read(request)
        found = Category.objects.select_related("parent").search(asked.get("search", ""))
        if "after" in asked:
            found = found.filter(path__gt=asked["after"])
        limit: int = asked["limit"]
        page = list(found.order_by("path")[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        return Response(
            {
                "taxonomy_version": Taxonomy.current_version(),
                "results": list(map(CategoryOutput().to_representation, page)),
                "next": next_page(request, after=page[-1].path) if more else None,
            }
        )

    @extend_schema(
        operation_id="create_category",
        request=CategoryInput,
        responses={201: CategoryOutput},
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        data = CategoryInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            category = actions.create_category(
                **data.validated_data, by=person(request), now=clock.now()
            )
        except actions.UnknownCategory as error:
            raise ValidationError({"parent": [str(error)]}) from error
        except actions.CannotSave as error:
            raise Conflict(str(error)) from error
        response = _category(category, status=201)
        response["Location"] = reverse("category", args=[category.pk])
        return response


class CategoryDetail(APIView):
    permission_classes = [
        needs(
            "inventory.view_category",
            PUT="inventory.change_category",
            PATCH="inventory.change_category",
            DELETE="inventory.delete_category",
        )
    ]

    @extend_schema(operation_id="read_category", responses=CategoryOutput)
    def get(self, request: Request, id: int) -> Response:
        category = Category.objects.select_related("parent").filter(pk=id).first()
        if category is None:
            raise Http404
        return _category(category)

    @extend_schema(
        operation_id="replace_category",
        request=CategoryChange,
        responses=CategoryOutput,
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def put(self, request: Request, id: int) -> Response:
        return self._change(request, id, partial=False)

    @extend_schema(
        operation_id="change_category",
        request=CategoryChange,
        responses=CategoryOutput,
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def patch(self, request: Request, id: int) -> Response:
        return self._change(request, id, partial=True)

    @extend_schema(
        operation_id="delete_category",
        responses={204: None},
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    @idempotent()
    def delete(self, request: Request, id: int) -> Response:
        try:
            actions.delete_category(
                category_id=id,
                by=person(request),
                now=clock.now(),
                expected_version=read_version(request),
            )
        except Category.DoesNotExist as error:
            raise Http404 from error
        except actions.Stale as error:
            raise stale(error) from error
        except actions.CannotSave as error:
            raise Conflict(str(error)) from error
        return Response(status=204)

    def _change(self, request: Request, id: int, *, partial: bool) -> Response:
        data = CategoryChange(data=request.data, partial=partial)
        data.is_valid(raise_exception=True)
        fields = data.validated_data
        version = read_version(request, fields.pop("version", None))
        try:
            category = actions.update_category(
                category_id=id,
                fields=fields,
                by=person(request),
                now=clock.now(),
                expected_version=version,
            )
        except Category.DoesNotExist as error:
            raise Http404 from error
        except actions.UnknownCategory as error:
            raise ValidationError({"parent": [str(error)]}) from error
        except actions.Stale as error:
            raise stale(error) from error
        except actions.CannotSave as error:
            raise Conflict(str(error)) from error
        return _category(category)
