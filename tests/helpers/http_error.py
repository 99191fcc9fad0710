"""FastAPI's exception, which only a server's environment has."""


class HttpError(Exception):
    """An answer with a status and a line."""

    def __init__(self, status_code: int, detail: str) -> None:
        self.status_code = status_code
        self.detail = detail
        super().__init__(f"{status_code}: {detail}")
