"""Pages across rooms."""

from django.urls import path

from dashboards import views

app_name = "dashboards"

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("components/", views.ComponentsView.as_view(), name="components"),
]
