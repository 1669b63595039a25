from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "capto.members"
    label = "members"
