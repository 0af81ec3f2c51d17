"""How people and tokens look over REST."""

from rest_framework import serializers

from accounts.models import ApiToken
from accounts.policies import TOKEN_SCOPES


class TokenSerializer(serializers.ModelSerializer):
    """A token without its secret."""

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]


class NewTokenSerializer(serializers.Serializer):
    """What the caller asks for."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(sorted(TOKEN_SCOPES)), allow_empty=False)
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)


class CreatedTokenSerializer(TokenSerializer):
    """The one answer that carries the secret."""

    token = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class MeSerializer(serializers.Serializer):
    """Who the caller is and what they may do."""

    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    department = serializers.CharField()
    language = serializers.CharField()
    actions = serializers.ListField(child=serializers.CharField())
    scope = serializers.DictField(child=serializers.ListField(child=serializers.CharField(), allow_null=True))
