"""The rights table: roles, service accounts, tokens, departments and scopes."""

import pytest

from accounts.choices import Role, ScopeAxis
from accounts.models import Scope
from accounts.policies import PERSONAL_ACTIONS, POLICY, TOKEN_SCOPES, actions_for, can, register_containment, require
from accounts.selectors import get_scope
from core.errors import Denied, Missing
from tests.factories import make_user

pytestmark = pytest.mark.django_db

# process.md, Rights: the rows that must not drift
ONLY = {
    "consensus.override": {"demand_lead"},
    "plan.approve": {"executive"},
    "decision.decide": {"executive"},
    "release.publish": {"supply_lead"},
    "cycle.manage": {"coordinator"},
    "cycle.reopen": {"coordinator", "executive"},
    "forecast.run": {"demand_lead", "supply_lead", "coordinator"},
    "balance.run": {"demand_lead", "supply_lead", "coordinator"},
    "finance.edit": {"finance"},
    "users.manage": {"admin"},
}


@pytest.mark.parametrize("action", sorted(ONLY))
def test_the_table_gives_the_action_to_these_roles_only(users, action):
    assert {role for role in Role.values if can(users[role], action)} == ONLY[action]


def test_nobody_and_the_inactive_may_do_nothing(users):
    users["coordinator"].is_active = False
    assert actions_for(None) == actions_for(users["coordinator"]) == []


def test_a_superuser_has_no_bypass():
    root = make_user("admin", username="root", is_superuser=True, is_staff=True)
    assert {a for a in POLICY if can(root, a)} == {a for a, roles in POLICY.items() if Role.ADMIN in roles}
    assert not can(root, "plan.approve")


def test_an_unknown_action_is_a_programming_error(users):
    with pytest.raises(KeyError):
        can(users["admin"], "plan.aprove")


def test_a_service_account_never_signs_or_approves():
    robot = make_user("executive", is_service=True)
    assert not any(can(robot, action) for action in PERSONAL_ACTIONS)
    assert can(robot, "plan.read")


@pytest.mark.parametrize("scope", sorted(TOKEN_SCOPES))
def test_no_token_scope_reaches_a_personal_action(scope):
    assert not TOKEN_SCOPES[scope] & PERSONAL_ACTIONS
    assert TOKEN_SCOPES[scope] <= POLICY.keys()


def test_a_token_narrows_its_owner_and_never_widens():
    lead, sales = make_user("demand_lead"), make_user("sales")
    lead.token_scopes = frozenset({"plan:read"})
    assert can(lead, "plan.read")
    assert not can(lead, "consensus.override")
    sales.token_scopes = frozenset({"plan:write"})
    assert can(sales, "stream.edit.sales")
    assert not can(sales, "consensus.override")


def test_signing_and_submitting_is_for_the_own_department(users):
    assert can(users["production"], "step.sign", department="production")
    assert not can(users["production"], "step.sign", department="sales")
    assert not can(users["sales"], "submission.submit", department="production")


def test_scope_limits_by_code_and_by_the_registered_tree(monkeypatch):
    north = make_user("sales", orgs=("NORTH",))
    monkeypatch.setattr("accounts.policies._containment", {})
    assert get_scope(north).orgs == frozenset({"NORTH"})
    assert can(north, "stream.edit.sales", org="NORTH", product="ANY")
    assert not can(north, "stream.edit.sales", org="NORTH-1")
    register_containment(ScopeAxis.ORG, lambda code, nodes: code.split("-")[0] in nodes)
    assert can(north, "stream.edit.sales", org="NORTH-1")
    assert not can(north, "stream.edit.sales", org="SOUTH-1")


def test_a_supplier_without_a_named_supplier_sees_none():
    nobody = make_user("supplier")
    assert get_scope(nobody).suppliers == frozenset()
    assert not can(nobody, "material.edit", supplier="S1")
    own = make_user("supplier", username="s1", suppliers=("S1",))
    assert can(own, "material.edit", supplier="S1")
    assert not can(own, "material.edit", supplier="S2")


def test_require_names_who_to_ask(users):
    with pytest.raises(Denied, match="Ask Executive") as refusal:
        require(users["sales"], "plan.approve")
    assert refusal.value.details == {"action": "plan.approve"}


def test_a_code_outside_the_scope_looks_like_one_that_does_not_exist():
    north = make_user("sales", orgs=("NORTH",))
    with pytest.raises(Missing) as refusal:
        require(north, "stream.edit.sales", org="SOUTH")
    assert (refusal.value.code, str(refusal.value.message)) == ("unknown_org", "There is no “SOUTH”.")


def test_a_scope_reads_the_same_in_every_process():
    """Entity tags are made of it: a set's own order differs from process to process."""
    scope = Scope(orgs=frozenset({"n2", "n1", "s1"}))
    assert str(scope) == "[None, ['n1', 'n2', 's1'], None]"
