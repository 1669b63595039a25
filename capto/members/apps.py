from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "capto.members"
    label = "members"

    def ready(self) -> None:
        from capto.members import checks  # noqa: F401  registers the check
