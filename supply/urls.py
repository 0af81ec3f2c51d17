"""Pages and REST of the supply room."""

from django.urls import path

from supply import views
from supply.api import balance, trials
from supply.api import releases as api

app_name = "supply"
urlpatterns = [path("supply/", views.WorkbenchPage.as_view(), name="workbench")]
api_urlpatterns = [
    path("plans/<int:version>/balance/", balance.BalanceView.as_view(), name="balance"),
    path("plans/<int:version>/what-if/", balance.WhatIfView.as_view(), name="what-if"),
    path("plans/<int:version>/trials/", trials.TrialView.as_view(), name="trials"),
    path("plans/<int:version>/trials/keep/", trials.KeepTrialView.as_view(), name="trials-keep"),
    path("plans/<int:version>/trials/warm/", trials.WarmView.as_view(), name="trials-warm"),
    path("plans/<int:version>/worth/", trials.WorthView.as_view(), name="worth"),
    path("plans/<int:version>/options/price/", balance.PriceOptionsView.as_view(), name="options-price"),
    path("supply/options/<int:option>/scenario/", balance.OptionScenarioView.as_view(), name="option-scenario"),
    path("plan/consensus/", api.ConsensusPlanView.as_view(), name="consensus-plan"),
    path("releases/", api.ReleaseListView.as_view(), name="releases"),
    path("releases/latest/", api.ReleaseView.as_view(), name="release-latest"),
    path("releases/latest/lines/", api.ReleaseLinesView.as_view(), name="release-latest-lines"),
    path("releases/<int:number>/", api.ReleaseView.as_view(), name="release"),
    path("releases/<int:number>/lines/", api.ReleaseLinesView.as_view(), name="release-lines"),
    path("releases/<int:number>/delta/", api.ReleaseDeltaView.as_view(), name="release-delta"),
    path("releases/<int:number>/acks/", api.ReleaseAckView.as_view(), name="release-acks"),
]
