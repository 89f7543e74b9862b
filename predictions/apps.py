from django.apps import AppConfig


class PredictionsConfig(AppConfig):
    name = "predictions"

    def ready(self) -> None:
        from ledger.ranges import register
        from ledger.verification import register_orphans
        from predictions import agreement

        register("prediction.made", agreement.check_predictions)
        register("prediction.accepted", agreement.check_reviews)
        register("prediction.corrected", agreement.check_reviews)
        register("prediction.skipped", agreement.check_skips)
        register_orphans(agreement.without_entry)
