"""A NUL in what someone sends is a bad request: no text of the database can hold one."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.defaults import bad_request

SAID = "NUL (0x00)"  # how the driver words it


class AnswerNul:
    """Answer 400 where a view tried to ask the database for a text with a NUL in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Give the page of a bad request for this one error, and leave every other alone."""
        if isinstance(exception, (DataError, ValueError)) and SAID in str(exception):
            return bad_request(request, exception)
        return None
