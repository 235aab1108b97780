"""What Prometheus is told of health, and the example of alerts that rests on it."""

import importlib.util
import re
from pathlib import Path

from appliance.services.backup import status
from appliance.services.health import checks, keeping
from appliance.services.health.checks import Check

RULES = Path(__file__).resolve().parents[2] / "packaging" / "prometheus" / "preau.rules.yml"
NOT_OURS = {"up"}
WHEN_THERE_IS_ONE = {"preau_certificate_days"}


def metrics(world) -> str:
    return world.visitor().get("/metrics").text


def test_each_check_is_a_number_with_the_ages_and_sizes_behind_it(world, clock):
    keeping.look_thoroughly("", None)
    keeping.save([Check("disk", checks.PROBLEM, "full", {"free_bytes": 1})])
    status.note(keeping.place().data, "backup", True)
    clock.advance(hours=3)
    text = metrics(world)
    for line in ('preau_health{check="disk"} 2', 'preau_health{check="versions"} 0', "preau_backup_age_seconds 10800"):
        assert f"{line}\n" in text, line
    assert 'preau_disk_free_bytes{place="data"}' in text and 'preau_disk_free_bytes{place="backup"}' in text
    assert re.search(r"^preau_database_bytes [1-9]\d*$", text, re.M) and "preau_health_age_seconds 10800" in text


def test_a_backup_that_failed_is_as_old_as_the_last_good_one(world, clock):
    keeping.look_thoroughly("", None)
    status.note(keeping.place().data, "backup", True)
    clock.advance(days=1)
    status.note(keeping.place().data, "backup", False)
    assert "preau_backup_age_seconds 86400\n" in metrics(world)


def test_every_alert_rests_on_a_metric_that_is_told(world, clock):
    keeping.look_thoroughly("", None)
    for what in ("backup", "rehearsal"):
        status.note(keeping.place().data, what, True)
    told = set(re.findall(r"^(preau_\w+)", metrics(world), re.M)) | NOT_OURS | WHEN_THERE_IS_ONE
    rules = RULES.read_text(encoding="utf-8")
    expressions = re.findall(r"^ +expr: (.+)$", rules, re.M)
    assert len(expressions) == rules.count("- alert:") == rules.count("summary:") >= 8
    for expression in expressions:
        assert set(re.findall(r"\b(preau_\w+|up)\b(?=[ {\[])", expression)) & told, expression
        assert expression.count("(") == expression.count(")") and re.search(r" [<>=]=? \S", expression)


def test_the_alerts_are_yaml_of_the_shape_that_prometheus_reads():
    text = RULES.read_text(encoding="utf-8")
    assert "\t" not in text and all((len(line) - len(line.lstrip())) % 2 == 0 for line in text.splitlines())
    if importlib.util.find_spec("yaml"):
        import yaml

        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                assert {"alert", "expr", "labels", "annotations"} <= set(rule) <= {
                    "alert", "expr", "for", "labels", "annotations",
                }  # fmt: skip
                assert rule["labels"]["severity"] in ("warning", "critical")
