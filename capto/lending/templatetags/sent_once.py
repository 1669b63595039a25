"""The hidden key of a form, so that sending it twice does once what it asks."""

from uuid import uuid4

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from capto.lending.sent_once import FIELD

register = template.Library()


@register.simple_tag
def form_key() -> SafeString:
    """Write a new key as a hidden field."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, uuid4())
