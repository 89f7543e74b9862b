from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest

from accounts import actions
from accounts.models import User
from lib import clock
from lib.admin import LongListAdmin

# Roles are what `manage.py create_roles` makes of accounts/roles.py.
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(LongListAdmin, UserAdmin):  # type: ignore[type-arg]  # not subscriptable then
    """People and their roles. Who may do everything is decided on the command line only."""

    list_display = ("username", "display_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "display_name")
    filter_horizontal = ()
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

    def save_related(
        self, request: HttpRequest, form: "ModelForm[User]", formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        assert isinstance(request.user, User)
        actions.note_person(user=form.instance, is_new=not change, by=request.user, now=clock.now())
