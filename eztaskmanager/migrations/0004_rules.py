from django.db import migrations, models


class Migration(migrations.Migration):
    """One number a line, one run a slot."""

    dependencies = [("eztaskmanager", "0003_number_the_old_lines")]

    operations = [
        migrations.AlterField(
            model_name="log",
            name="seq",
            field=models.PositiveBigIntegerField(verbose_name="number"),
        ),
        migrations.AddConstraint(
            model_name="launchreport",
            constraint=models.UniqueConstraint(fields=("task", "planned_at"), name="eztaskmanager_one_run_a_slot"),
        ),
        migrations.AddConstraint(
            model_name="log",
            constraint=models.UniqueConstraint(fields=("launch_report", "seq"), name="eztaskmanager_log_number"),
        ),
    ]
