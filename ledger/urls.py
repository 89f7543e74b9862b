from django.urls import path

from ledger import api

urlpatterns = [
    path("ledger/checkpoint", api.LatestCheckpoint.as_view(), name="checkpoint"),
    path("ledger/tile/<path:path>", api.Tile.as_view(), name="tile"),
    path("api/v1/ledger/consistency", api.Consistency.as_view(), name="consistency"),
    path("api/v1/ledger/key", api.VerifierKeys.as_view(), name="log-key"),
]
