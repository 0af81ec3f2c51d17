"""Pages and REST of the supply room."""

from django.urls import path

from supply import chain_views, planning_views, shipping_views, supplier_views, views
from supply.api import balance, chains, logistics, planning, trials
from supply.api import releases as api
from supply.api import suppliers as supplier_api

app_name = "supply"
urlpatterns = [
    path("supply/", views.WorkbenchPage.as_view(), name="workbench"),
    path("supply/inventory/", planning_views.InventoryPage.as_view(), name="inventory"),
    path("supply/long-range/", planning_views.LongRangePage.as_view(), name="long-range"),
    path("supply/review/", planning_views.ReviewPage.as_view(), name="review"),
    path("supply/policies/", planning_views.PoliciesPage.as_view(), name="policies"),
    path("supply/chains/", chain_views.ChainsPage.as_view(), name="chains"),
    path("supply/chains/file/", chain_views.ChainFile.as_view(), name="chain-file"),
    path("supply/shipping/", shipping_views.ShippingPage.as_view(), name="shipping"),
    path("supply/shipping/file/", shipping_views.ShippingFile.as_view(), name="shipping-file"),
    path("supply/together/", chain_views.TogetherPage.as_view(), name="together"),
    path("supply/suppliers/", supplier_views.SuppliersPage.as_view(), name="suppliers"),
    path("supply/portal/", supplier_views.PortalPage.as_view(), name="portal"),
    path("supply/portal/file/", supplier_views.PortalFile.as_view(), name="portal-file"),
]
api_urlpatterns = [
    path("plans/<int:version>/balance/", balance.BalanceView.as_view(), name="balance"),
    path("plans/<int:version>/what-if/", balance.WhatIfView.as_view(), name="what-if"),
    path("plans/<int:version>/trials/", trials.TrialView.as_view(), name="trials"),
    path("plans/<int:version>/trials/keep/", trials.KeepTrialView.as_view(), name="trials-keep"),
    path("plans/<int:version>/trials/warm/", trials.WarmView.as_view(), name="trials-warm"),
    path("plans/<int:version>/worth/", trials.WorthView.as_view(), name="worth"),
    path("plans/<int:version>/options/price/", balance.PriceOptionsView.as_view(), name="options-price"),
    path("plans/<int:version>/options/pricing/", balance.OptionPricingView.as_view(), name="options-pricing"),
    path("supply/options/<int:option>/scenario/", balance.OptionScenarioView.as_view(), name="option-scenario"),
    path("supply/stock/", planning.StockView.as_view(), name="stock"),
    path("supply/ageing/", planning.AgeingView.as_view(), name="ageing"),
    path("supply/shipping/", logistics.ShippingView.as_view(), name="shipping"),
    path("supply/materials/", planning.MaterialsView.as_view(), name="materials"),
    path("supply/dispositions/", planning.DispositionsView.as_view(), name="dispositions"),
    path("supply/long-range/", planning.LongRangeView.as_view(), name="long-range"),
    path("supply/investments/", planning.InvestmentsView.as_view(), name="investments"),
    path("supply/investments/<int:investment>/", planning.InvestmentView.as_view(), name="investment"),
    path("supply/review/", planning.ReviewView.as_view(), name="review"),
    path("supply/policies/", planning.PoliciesView.as_view(), name="policies"),
    path("supply/policies/<str:product>/", planning.PolicyView.as_view(), name="policy"),
    path("supply/supplier-plan/", supplier_api.SupplierPlanView.as_view(), name="supplier-plan"),
    path("supply/supplier-answers/", supplier_api.SupplierAnswersView.as_view(), name="supplier-answers"),
    path(
        "supply/supplier-answers/<int:answer>/accept/",
        supplier_api.AcceptAnswerView.as_view(),
        name="supplier-answer-accept",
    ),
    path("plan/consensus/", api.ConsensusPlanView.as_view(), name="consensus-plan"),
    path("releases/", api.ReleaseListView.as_view(), name="releases"),
    path("releases/latest/", api.ReleaseView.as_view(), name="release-latest"),
    path("releases/latest/lines/", api.ReleaseLinesView.as_view(), name="release-latest-lines"),
    path("releases/<int:number>/", api.ReleaseView.as_view(), name="release"),
    path("releases/<int:number>/lines/", api.ReleaseLinesView.as_view(), name="release-lines"),
    path("releases/<int:number>/delta/", api.ReleaseDeltaView.as_view(), name="release-delta"),
    path("releases/<int:number>/acks/", api.ReleaseAckView.as_view(), name="release-acks"),
    path("releases/<int:number>/chains/", chains.ReleaseChainsView.as_view(), name="release-chains"),
    path("releases/<int:number>/chains/<str:code>/", chains.ReleaseChainView.as_view(), name="release-chain"),
    path("releases/<int:number>/aps/", logistics.ReleaseApsView.as_view(), name="release-aps"),
]
