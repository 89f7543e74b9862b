from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"

    def ready(self) -> None:
        # Importing the module registers the checks.
        from registry import checks  # noqa: F401
