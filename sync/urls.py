from django.urls import path

from sync.api.pull import Changes
from sync.api.push import Ops, Push

urlpatterns = [
    path("sync/changes", Changes.as_view(), name="changes"),
    path("sync/push", Push.as_view(), name="push"),
    path("sync/ops", Ops.as_view(), name="ops"),
]
