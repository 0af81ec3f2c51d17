"""Pages across rooms."""

from django.urls import path

from dashboards import views

app_name = "dashboards"

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("find/", views.FindView.as_view(), name="find"),
    path("components/", views.ComponentsView.as_view(), name="components"),
]
