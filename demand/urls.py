"""The demand page and its REST endpoints."""

from django.urls import path

from demand import (
    activity_api,
    activity_views,
    api,
    assumption_views,
    explain_views,
    order_api,
    order_views,
    rate_views,
    review_views,
    rule_views,
    views,
    workbook_api,
)

app_name = "demand"

urlpatterns = [
    path("demand/", views.WorkbenchPage.as_view(), name="workbench"),
    path("demand/submit/", views.SubmitView.as_view(), name="submit"),
    path("demand/take-rates/", rate_views.TakeRatePage.as_view(), name="take-rates"),
    path("demand/rules/", rule_views.RuleBookPage.as_view(), name="rules"),
    path("demand/orders/", order_views.OrderBookPage.as_view(), name="orders"),
    path("demand/explain/", explain_views.ExplainPage.as_view(), name="explain"),
    path("demand/assumptions/", assumption_views.AssumptionsPage.as_view(), name="assumptions"),
    path("demand/review/", review_views.ReviewPage.as_view(), name="review"),
    path("demand/review/explain/", review_views.ExplainDeviationView.as_view(), name="explain-deviation"),
    path("demand/activities/", activity_views.ActivitiesPage.as_view(), name="activities"),
]

api_urlpatterns = [
    path("demand/workbench/", api.WorkbenchView.as_view(), name="workbench"),
    path("demand/tree/", api.TreeView.as_view(), name="tree"),
    path("demand/preview/", api.PreviewView.as_view(), name="preview"),
    path("demand/comments/", api.CommentView.as_view(), name="comments"),
    path("demand/advice/", api.AdviceView.as_view(), name="advice"),
    path("demand/locks/", api.LockView.as_view(), name="locks"),
    path("demand/forecast/", api.ForecastView.as_view(), name="forecast"),
    path("demand/forecast/node/", api.NodeForecastView.as_view(), name="forecast-node"),
    path("demand/proposal/", api.ProposalView.as_view(), name="proposal"),
    path("demand/outliers/", api.OutlierView.as_view(), name="outliers"),
    path("demand/orders/", order_api.OrderListView.as_view(), name="orders"),
    path("demand/orders/<int:order_id>/", order_api.OrderView.as_view(), name="order"),
    path("demand/workbook/", workbook_api.WorkbookFileView.as_view(), name="workbook"),
    path("demand/consumption/", order_api.ConsumptionView.as_view(), name="consumption"),
    path("demand/orders-above/", order_api.ExcessOrdersView.as_view(), name="orders-above"),
    path("demand/near-zone/", order_api.NearZoneView.as_view(), name="near-zone"),
    path("demand/flex/", order_api.FlexView.as_view(), name="flex"),
    path("demand/events/", activity_api.EventListView.as_view(), name="events"),
    path("demand/events/<path:event>/", activity_api.EventView.as_view(), name="event"),
    path("demand/launches/", activity_api.LaunchListView.as_view(), name="launches"),
    path("demand/launches/analogues/", activity_api.AnalogueView.as_view(), name="analogues"),
    path("demand/launches/preview/", activity_api.LaunchPreviewView.as_view(), name="launch-preview"),
    path("demand/assumptions/", api.AssumptionListView.as_view(), name="assumptions"),
    path("demand/assumptions/check/", api.AssumptionCheckView.as_view(), name="assumption-check"),
    path("demand/assumptions/<int:assumption_id>/", api.AssumptionView.as_view(), name="assumption"),
]
