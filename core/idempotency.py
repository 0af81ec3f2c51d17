"""``Idempotency-Key``: a repeated POST gets the first answer, and its effect happens once.

A client cannot know whether a request committed when the line breaks, so the key and the answer are stored in
the transaction of the effect: either both are there or neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.db import write_transaction
from core.errors import InvalidInput
from core.models import IdempotencyRecord

HEADER = "Idempotency-Key"
_LONGEST_KEY = 128
_PENDING = 0  # the status of a claimed key whose effect is still in its transaction

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Honour the caller's key on a POST method; without a key the method runs as it is.

    The same key with another body is refused with 422 ``idempotency_key_reused``. A refusal (an ``AppError``)
    is not stored: nothing happened, so the same key may be tried again.
    """

    @wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not key.isprintable() or not 1 <= len(key) <= _LONGEST_KEY:
            raise InvalidInput(_("An Idempotency-Key has 1 to 128 printable characters."), code="invalid_key")
        client, request_hash = f"user:{request.user.pk}", _hash_request(request)
        with write_transaction():
            record = _claim(client, key, request_hash)
            if record is None:
                return _replay(client, key, request_hash)
            response = handler(view, request, *args, **kwargs)
            record.status = response.status_code
            record.response = JSONRenderer().render(response.data).decode()
            record.save(update_fields=["status", "response"])
        return response

    return wrapper


def _claim(client: str, key: str, request_hash: str) -> IdempotencyRecord | None:
    """The new record, or ``None`` when the key is taken; a concurrent twin waits here for the first to end."""
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                client=client, key=key, request_hash=request_hash, status=_PENDING, response=""
            )
    except IntegrityError:
        return None


def _replay(client: str, key: str, request_hash: str) -> Response:
    record = IdempotencyRecord.objects.get(client=client, key=key)
    if record.request_hash != request_hash:
        raise InvalidInput(
            _("This Idempotency-Key was used for another request. Take a new key for a new request."),
            code="idempotency_key_reused",
        )
    data = json.loads(record.response) if record.response else None
    return Response(data, status=record.status, headers={"Idempotent-Replayed": "true"})


def _hash_request(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        fields = sorted((name, request.POST.getlist(name)) for name in request.POST)
        digest.update(json.dumps(fields).encode())
        for name, upload in sorted(request.FILES.items()):
            digest.update(name.encode())
            for chunk in upload.chunks():
                digest.update(chunk)
            upload.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()
