from django.urls import path

from predictions import api

urlpatterns = [
    path("predictions", api.Predictions.as_view(), name="predictions"),
    path("predictions/<uuid:id>", api.Receipt.as_view(), name="receipt"),
    path("predictions/<uuid:id>/opening", api.ReceiptOpening.as_view(), name="opening"),
    path("predictions/<uuid:id>/proof", api.ReceiptProof.as_view(), name="proof"),
    path("predictions/<uuid:id>/review", api.Reviews.as_view(), name="review"),
    path(
        "predictions/<uuid:id>/explanation",
        api.ReceiptExplanation.as_view(),
        name="explanation",
    ),
    path("predictions/<uuid:id>/replay", api.Replay.as_view(), name="replay"),
    path("reviews/queue", api.ReviewQueue.as_view(), name="waiting"),
    path("products/<int:id>/predictions", api.ProductHistory.as_view(), name="product-history"),
    path(
        "products/<int:id>/prediction", api.ProductPrediction.as_view(), name="product-prediction"
    ),
    path("deployments", api.Deployments.as_view(), name="deployments"),
    path("models/live", api.LiveModels.as_view(), name="live-models"),
]
