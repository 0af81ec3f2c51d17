"""Home, the page of components, and the shell's own parts."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView

from dashboards.showcase import build_showcase


class HomeView(LoginRequiredMixin, TemplateView):
    """What closes when, what needs a decision, who has not delivered."""

    template_name = "dashboards/home.html"


class ComponentsView(LoginRequiredMixin, TemplateView):
    """Every component in every state: the reference for builders and for the accessibility check."""

    template_name = "dashboards/components.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | build_showcase()
