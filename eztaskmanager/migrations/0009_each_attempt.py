from django.db import migrations, models


class Migration(migrations.Migration):
    """What came of each attempt to tell."""

    dependencies = [("eztaskmanager", "0008_run_totals")]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="tries",
            field=models.TextField(
                blank=True, help_text="When it was tried, and what came of it.", verbose_name="each attempt"
            ),
        ),
    ]
