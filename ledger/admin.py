from django.contrib import admin

from ledger.models import Entry
from lib.admin import ReadOnlyAdmin


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "subject", "actor")
    search_fields = ("=subject", "=actor", "=kind")
    ordering = ("-id",)
    fields = ("uuid", "at", "kind", "subject", "actor", "text")
    readonly_fields = fields

    @admin.display(description="Content")
    def text(self, entry: Entry) -> str:
        return entry.content().decode()
