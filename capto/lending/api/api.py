"""The lending API put together: who may call, how it refuses, and its OpenAPI description."""

from typing import Any

from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from capto.lending.api import borrower, desk, problems
from capto.lending.api.callers import Session, Token
from capto.lending.refusals import Refusal


class LendingAPI(NinjaAPI):
    """An API whose refusals are problems (RFC 9457), in its description too."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """Describe what is refused as application/problem+json."""
        schema = super().get_openapi_schema(**kwargs)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, said in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in said.get("content", {}):
                        said["content"] = {"application/problem+json": said["content"]["application/json"]}
        return schema


api = LendingAPI(
    title="Capto: lending",
    version="1",
    description=(
        "The acts of the lending desk and of borrowers, by the same rules as the pages. Sign in with a token"
        " (`Authorization: Bearer capto_…`) or with a session and its X-CSRFToken. Each POST carries an"
        " `Idempotency-Key`: a UUID, new for each act; sent again it gives the same answer and does nothing twice."
    ),
    urls_namespace="api-lending-v1",
    docs_url=None,
    auth=[Token(), Session()],
    servers=[{"url": "/", "description": "this site"}],
)
api.add_router("", borrower.router)
api.add_router("", desk.router)
api.add_exception_handler(problems.Told, problems.told)
api.add_exception_handler(Refusal, problems.refused)
api.add_exception_handler(ValidationError, problems.invalid)
api.add_exception_handler(HttpError, problems.http_error)
