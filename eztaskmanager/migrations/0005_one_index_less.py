import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The unique numbers of lines have an index that serves the reports too."""

    dependencies = [("eztaskmanager", "0004_rules")]

    operations = [
        migrations.AlterField(
            model_name="log",
            name="launch_report",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="logs",
                to="eztaskmanager.launchreport",
                verbose_name="report",
            ),
        ),
    ]
