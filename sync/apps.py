from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        from ledger.ranges import register
        from ledger.verification import register_orphans
        from sync import agreement

        for status in ("applied", "conflict", "rejected"):
            register(f"change.{status}", agreement.check_changes)
        register_orphans(agreement.without_entry)
