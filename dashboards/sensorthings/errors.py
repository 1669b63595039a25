"""Why an address cannot be answered, as HTTP says it."""


class BadRequest(ValueError):
    """The address is not understood: 400."""


class NotThere(LookupError):
    """There is no such entity, property or collection: 404."""


class NotOffered(RuntimeError):
    """The standard knows it and this service does not offer it: 501."""


class TooLong(RuntimeError):
    """Answering would take too long: 503, with what to narrow."""
