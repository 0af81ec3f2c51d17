"""Routes of the people room."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.api import MeView, TokenListView, TokenView
from accounts.views import PreferencesView, SignInView

app_name = "accounts"
urlpatterns = [
    path("signin/", SignInView.as_view(), name="signin"),
    path("signout/", LogoutView.as_view(), name="signout"),
    path("preferences/", PreferencesView.as_view(), name="preferences"),
]
api_urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("tokens/", TokenListView.as_view(), name="tokens"),
    path("tokens/<int:token_id>/", TokenView.as_view(), name="token"),
]
