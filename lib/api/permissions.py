"""Who may use an endpoint."""

from typing import TYPE_CHECKING, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # DRF's views read the settings, and the settings name classes of this module
    from rest_framework.views import APIView


class Nobody(BasePermission):
    """The permission of a view that does not say who may use it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


def needs(permission: str, **by_method: str) -> type[BasePermission]:
    """Return a permission class: who asks needs `permission` ("app.codename").

    `by_method` names another permission for a method: needs("inventory.view_product",
    POST="inventory.add_product").
    """

    class Needs(BasePermission):
        permissions: ClassVar[dict[str, str]] = {"*": permission, **by_method}

        def has_permission(self, request: Request, view: "APIView") -> bool:
            wanted = by_method.get(request.method or "", permission)
            return request.user.is_authenticated and request.user.has_perm(wanted)

    return Needs
