"""REST: who am I, and my tokens."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import actions_for
from accounts.selectors import get_actor, get_scope, list_tokens
from accounts.serializers import (
    CreatedTokenSerializer,
    MeSerializer,
    NewTokenSerializer,
    TokenSerializer,
)
from accounts.services import create_token, revoke_token
from core.api import ApiView, page_of


class MeView(ApiView):
    """The caller: role, scope and allowed actions."""

    required_actions = {"GET": ("plan.read", "release.read", "material.edit", "users.manage")}

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        user, scope = get_actor(request), get_scope(get_actor(request))
        axes = {"products": scope.products, "orgs": scope.orgs, "suppliers": scope.suppliers}
        return Response(
            {
                "username": user.username,
                "name": str(user),
                "role": user.role,
                "department": user.department,
                "language": user.language,
                "actions": actions_for(user),
                "scope": {axis: None if codes is None else sorted(codes) for axis, codes in axes.items()},
            }
        )


class TokenListView(ApiView):
    """Own tokens. A token cannot make tokens: this needs a session."""

    required_actions = {"GET": "token.create", "POST": "token.create"}
    throttle_scope = "tokens"

    @extend_schema(responses=page_of(TokenSerializer))
    def get(self, request: Request) -> Response:
        return Response({"results": TokenSerializer(list_tokens(get_actor(request)), many=True).data, "next": None})

    @extend_schema(request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def post(self, request: Request) -> Response:
        form = NewTokenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        token, plaintext = create_token(user=get_actor(request), **form.validated_data)
        body: dict[str, Any] = {**TokenSerializer(token).data, "token": plaintext}
        return Response(body, status=status.HTTP_201_CREATED)


class TokenView(ApiView):
    """One own token."""

    required_actions = {"DELETE": "token.create"}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        revoke_token(token_id=token_id, actor=get_actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
