"""Every visible word has a Chinese translation, and the catalogue tool finds what it should."""

from pathlib import Path

import pytest
from django.core.management import call_command

from core.messages import Room, check_catalogue, find_disagreements, read_catalogue, update_catalogue


@pytest.fixture
def room(tmp_path: Path) -> Room:
    (tmp_path / "demand/migrations").mkdir(parents=True)
    (tmp_path / "templates/demand").mkdir(parents=True)
    (tmp_path / "demand/views.py").write_text(
        'title = _("Plan")\nmany = ngettext("%(n)s row", "%(n)s rows", n)\n'
        'may = pgettext_lazy("month", "May")\nno = _(name)\n'
    )
    (tmp_path / "demand/migrations/0001.py").write_text('label = _("never shown")\n')
    (tmp_path / "templates/demand/page.html").write_text(
        '{% load i18n %}what\'s {% translate "Save" %} <b title=\'{{ _("Tip") }}\'>'
        "{% blocktranslate with a=x %}Of {{ a }}{% endblocktranslate %}"
    )
    return Room("demand", tmp_path)


def test_words_come_from_python_and_templates_but_not_from_migrations(room):
    assert set(room.extract()["django"]) == {
        ("Plan", None),
        (("%(n)s row", "%(n)s rows"), None),
        ("May", "month"),
        ("Save", None),
        ("Tip", None),
        ("Of %(a)s", None),
    }


def test_the_core_also_reads_scripts_inside_template_strings(tmp_path):
    (tmp_path / "static/js").mkdir(parents=True)
    (tmp_path / "static/js/a.js").write_text('const a = `x ${gettext("Save")} y`; ngettext("%(n)s a", "%(n)s b", n);')
    assert Room("core", tmp_path).extract()["djangojs"] == [("Save", None), (("%(n)s a", "%(n)s b"), None)]


def test_check_names_missing_untranslated_and_broken_placeholders(room):
    path = room.catalogue("django")
    assert {f.problem for f in check_catalogue(path, room.extract()["django"])} == {"missing"}
    update_catalogue(path, room.extract()["django"])
    assert {f.problem for f in check_catalogue(path, room.extract()["django"])} == {"not translated"}
    text = path.read_text().replace('msgid "Of %(a)s"\nmsgstr ""', 'msgid "Of %(a)s"\nmsgstr "共%(b)s"')
    path.write_text(text.replace('msgid "Save"\nmsgstr ""', 'msgid "Save"\nmsgstr "保存"'))
    problems = {f.message: f.problem for f in check_catalogue(path, room.extract()["django"])}
    assert problems["Of %(a)s"] == "placeholders differ"
    assert "Save" not in problems


def test_update_keeps_translations_drops_vanished_words_and_is_stable(room):
    path = room.catalogue("django")
    update_catalogue(path, [("Save", None), ("Old", None)])
    path.write_text(path.read_text().replace('msgid "Save"\nmsgstr ""', 'msgid "Save"\nmsgstr "保存"'))
    update_catalogue(path, [("Save", None), ("New", None)])
    first = path.read_text()
    update_catalogue(path, [("New", None), ("Save", None)])
    assert path.read_text() == first
    catalogue = read_catalogue(path)
    assert catalogue.get("Save").string == "保存"
    assert catalogue.get("Old") is None


def test_two_readings_of_one_word_are_found(tmp_path):
    for name, chinese in (("a", "计划"), ("b", "方案")):
        path = tmp_path / f"{name}.po"
        update_catalogue(path, [("Plan", None)])
        path.write_text(path.read_text().replace('msgid "Plan"\nmsgstr ""', f'msgid "Plan"\nmsgstr "{chinese}"'))
    assert set(find_disagreements([tmp_path / "a.po", tmp_path / "b.po"])["Plan"]) == {"计划", "方案"}


def test_every_word_of_the_application_is_translated(capsys):
    call_command("messages", "core", "accounts", "dashboards", "sop", check=True)
