"""Routes of the people room."""

from django.urls import URLPattern, path

from accounts.api import MeView, TokenListView, TokenView

app_name = "accounts"
urlpatterns: list[URLPattern] = []
api_urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("tokens/", TokenListView.as_view(), name="tokens"),
    path("tokens/<int:token_id>/", TokenView.as_view(), name="token"),
]
