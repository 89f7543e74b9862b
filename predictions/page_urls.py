"""The pages of predictions, for people, and the files of models. Other things that programs ask
for are in urls.py.
"""

from django.urls import path

from predictions import api, views

urlpatterns = [
    path("review", views.review_queue, name="review-queue"),
    path("models/<str:sha256>", api.ModelFile.as_view(), name="model-file"),
]
