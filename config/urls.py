"""Every address, in one place."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from accounts.sign_in import SignIn
from config import health, session, tablet, views

admin.site.site_title = admin.site.site_header = "Shelfmark administration"
# The lists need the width; the rooms of the desk are in its header.
admin.site.enable_nav_sidebar = False

urlpatterns: list[URLPattern | URLResolver] = [
    # First, because every address is compared in turn and this one is asked for most.
    path("api/v1/", include("predictions.urls")),
    path("api/v1/", include("inventory.urls")),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("sync.urls")),
    path("api/v1/session", session.CurrentSession.as_view(), name="session"),
    path("", include("ledger.urls")),
    path("", views.home, name="home"),
    path("", include("inventory.page_urls")),
    path("", include("predictions.page_urls")),
    path("tablet/", tablet.shell, name="tablet"),
    path("tablet/<path:place>", tablet.shell, name="tablet-place"),
    path("sw.js", tablet.service_worker, name="service-worker"),
    path("manifest.webmanifest", tablet.manifest, name="manifest"),
    path("offline", tablet.offline, name="offline"),
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("admin/", admin.site.urls),
    path("api/schema/", views.Schema.as_view(), name="schema"),
    path("api/docs/", views.Docs.as_view(), name="docs"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.Metrics.as_view(), name="metrics"),
]

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler500 = "config.views.server_error"
