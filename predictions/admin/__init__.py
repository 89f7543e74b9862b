"""The audit desk: what was answered, why, and what people said to it. Read-only, all of it."""

from predictions.admin.lists import PredictionAdmin, ReviewAdmin
from predictions.admin.recalls import RecallAdmin
from predictions.admin.replays import ReplayFindingAdmin, ReplayRunAdmin

__all__ = [
    "PredictionAdmin",
    "RecallAdmin",
    "ReplayFindingAdmin",
    "ReplayRunAdmin",
    "ReviewAdmin",
]
