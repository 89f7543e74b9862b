"""The pages of predictions, for people. What programs ask for is in urls.py."""

from django.urls import path

from predictions import views

urlpatterns = [
    path("review", views.review_queue, name="review-queue"),
]
