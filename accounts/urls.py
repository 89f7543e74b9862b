from django.urls import path, re_path

from accounts import api

urlpatterns = [
    path("tokens", api.Tokens.as_view()),
    path("tablets/<uuid:id>", api.TabletDetail.as_view()),
    re_path(r"^tokens/(?P<id>[0-9a-f]{32})\Z", api.TokenDetail.as_view()),
]
