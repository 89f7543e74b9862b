from django.urls import path, register_converter
from django.urls.converters import IntConverter

from predictions import api


class KeyConverter(IntConverter):
    """A primary key: a number that the database can hold."""

    regex = "[1-9][0-9]{0,17}"


register_converter(KeyConverter, "key")

urlpatterns = [
    path("predictions", api.Predictions.as_view()),
    path("predictions/<uuid:id>", api.Receipt.as_view()),
    path("predictions/<uuid:id>/review", api.Reviews.as_view()),
    path("products/<key:id>/prediction", api.ProductPrediction.as_view()),
    path("models/live", api.LiveModels.as_view()),
]
