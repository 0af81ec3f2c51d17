"""Sign-in, sign-out and the two switches of the shell."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from accounts.forms import PreferencesForm
from accounts.models import User
from accounts.selectors import list_people

_YEAR_SECONDS = 365 * 24 * 3600


class SignInView(LoginView):
    """The sign-in page; the demo company also offers its people by name."""

    template_name = "accounts/signin.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["demo_users"] = list_people() if settings.DEMO else []
        return context


class PreferencesView(View):
    """Stores language and theme: on the person when signed in, in a cookie always."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PreferencesForm(request.POST)
        if not form.is_valid():
            return HttpResponseBadRequest()
        chosen = form.chosen()
        if request.user.is_authenticated and chosen:
            User.objects.filter(pk=request.user.pk).update(**chosen)
        response = HttpResponse(status=204) if request.headers.get("HX-Request") else redirect(_safe_next(request))
        names = {"language": settings.LANGUAGE_COOKIE_NAME, "theme": "theme"}
        for field, value in chosen.items():
            response.set_cookie(names[field], value, max_age=_YEAR_SECONDS, samesite="Lax", secure=settings.HTTPS)
        return response


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL
