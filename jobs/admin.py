from django.contrib import admin

from jobs.models import Job
from lib.admin import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("name", "run_after", "succeeded_at", "attempts", "last_error")
    search_fields = ("name",)
