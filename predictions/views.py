"""The pages of predictions. What they show alive, an island asks the API for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lib.pages import page_needs


@page_needs("predictions.review_prediction")
@require_safe
def review_queue(request: HttpRequest) -> HttpResponse:
    return render(request, "predictions/review.html")
