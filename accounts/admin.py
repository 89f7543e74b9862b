from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest, HttpResponse

from accounts import actions
from accounts.models import Tablet, User
from accounts.tablets import verdict
from lib import clock
from lib.admin import LongListAdmin, ReadOnlyAdmin
from lib.ids import uuid7

# Roles are what `manage.py create_roles` makes of accounts/roles.py.
admin.site.unregister(Group)

MOST_REPORTS = 200


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # not subscriptable then
    """As Django's, and what it saves names the entry that follows."""

    def save(self, commit: bool = True) -> Any:
        self.user.entry_id = uuid7()
        return super().save(commit)


@admin.register(User)
class PersonAdmin(LongListAdmin, UserAdmin):  # type: ignore[type-arg]  # not subscriptable then
    """People and their roles. Who may do everything is decided on the command line only."""

    list_display = ("username", "display_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "display_name")
    filter_horizontal = ()
    change_password_form = PasswordForm
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "display_name", "email")}),
        ("Roles", {"fields": ("is_active", "is_staff", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "display_name", "usable_password", "password1", "password2")},
        ),
    )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        # Six roles are quicker ticked than moved between two boxes.
        return super().formfield_for_manytomany(
            db_field, request, **{**options, "widget": CheckboxSelectMultiple}
        )

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # With the password of somebody who may do everything one could do everything.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # People stay, for the entries and receipts that name them; they are made inactive.
        return False

    def save_model(
        self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool
    ) -> None:
        # Of the entry that follows when their roles are saved too.
        obj.entry_id = uuid7()
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: "ModelForm[User]", formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        assert isinstance(request.user, User)
        actions.note_person(user=form.instance, is_new=not change, by=request.user, now=clock.now())

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            assert isinstance(request.user, User)
            person = User.objects.get(pk=id)
            actions.note_person(user=person, is_new=False, by=request.user, now=clock.now())
        return answer


@admin.register(Tablet)
class TabletAdmin(ReadOnlyAdmin):
    """The tablets that have reported, and what they found wrong."""

    list_display = ("name", "last_seen", "last_person", "entries", "held", "alarm")
    list_filter = (("alarmed_at", admin.EmptyFieldListFilter),)
    search_fields = ("^model_sha256",)
    search_help_text = "How the sha256 of the model begins that it holds."
    page_template = "admin/accounts/tablet/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tablet]:
        queryset: QuerySet[Tablet] = super().get_queryset(request)
        return queryset.select_related("last_person")

    @admin.display(description="Tablet")
    def name(self, tablet: Tablet) -> str:
        return str(tablet.uuid)

    @admin.display(description="Log found whole with")
    def entries(self, tablet: Tablet) -> str:
        return f"{tablet.checkpoint_size:,} {'entry' if tablet.checkpoint_size == 1 else 'entries'}"

    @admin.display(description="Last seen (UTC)")
    def last_seen(self, tablet: Tablet) -> str:
        return f"{tablet.last_seen_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Model (sha256)")
    def held(self, tablet: Tablet) -> str:
        return tablet.model_sha256[:12] or "none"

    @admin.display(description="Found the past changed (UTC)")
    def alarm(self, tablet: Tablet) -> str:
        return f"{tablet.alarmed_at:%Y-%m-%d %H:%M}" if tablet.alarmed_at else "no"

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        reports = [
            {"report": one, "verdict": verdict(one.kept) if one.kept else None}
            for one in row.reports.order_by("-pk")[:MOST_REPORTS]
        ]
        return {"title": f"Tablet {row.uuid}", "tablet": row, "reports": reports}
