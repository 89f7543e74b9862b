"""The audit desk: what was answered, why, and what people said to it. Read-only, all of it."""

from predictions.admin.lists import PredictionAdmin, ReviewAdmin

__all__ = ["PredictionAdmin", "ReviewAdmin"]
