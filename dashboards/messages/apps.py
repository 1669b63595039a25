from django.apps import AppConfig


class PublicMessagesConfig(AppConfig):
    name = "dashboards.messages"
    label = "public_messages"
    verbose_name = "public messages"
