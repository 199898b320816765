"""Which nights a calibration holds for, and whether it is good."""

from django.db import migrations, models

NIGHTS = {"bias": 14, "hifreqflat": 30}


def give_validity(apps, schema_editor):
    """Stacks that are there already hold as long as new ones."""
    images = apps.get_model("archive", "CalibrationImage").objects
    for caltype, nights in NIGHTS.items():
        images.filter(caltype=caltype).update(valid_from=models.F("nid"), valid_to=models.F("nid") + nights)


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0003_tap"),
    ]
    operations = [
        migrations.AddField(
            model_name="calibrationimage",
            name="judge",
            field=models.CharField(
                choices=[("pipeline", "the pipeline's own limits"), ("operator", "an operator")],
                default="pipeline",
                help_text="who decided",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="calibrationimage",
            name="reason",
            field=models.CharField(blank=True, help_text="why it is bad", max_length=300),
        ),
        migrations.AddField(
            model_name="calibrationimage",
            name="status",
            field=models.CharField(choices=[("good", "Good"), ("bad", "Bad")], default="good", max_length=4),
        ),
        migrations.AddField(
            model_name="calibrationimage",
            name="valid_from",
            field=models.IntegerField(blank=True, help_text="first night (nid) it may be used for", null=True),
        ),
        migrations.AddField(
            model_name="calibrationimage",
            name="valid_to",
            field=models.IntegerField(blank=True, help_text="last night (nid) it may be used for", null=True),
        ),
        migrations.AlterField(
            model_name="calibrationimage",
            name="caltype",
            field=models.CharField(help_text="bias, hifreqflat, lofreqflat, lampcorr or pmask", max_length=12),
        ),
        migrations.RunPython(give_validity, migrations.RunPython.noop),
    ]
