from django.urls import path

from sync.api.pull import Changes

urlpatterns = [
    path("sync/changes", Changes.as_view(), name="changes"),
]
