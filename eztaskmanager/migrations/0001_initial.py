from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):
    """The tables as the predecessor of this package left them, so that its databases upgrade."""

    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AppCommand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("app_name", models.CharField(max_length=100)),
                ("active", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="TaskCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("arguments", models.TextField(blank=True)),
                ("status", models.CharField(default="idle", max_length=20)),
                ("scheduling", models.DateTimeField(blank=True, null=True)),
                ("repetition_period", models.CharField(blank=True, max_length=20)),
                ("repetition_rate", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("note", models.TextField(blank=True, null=True)),
                ("scheduled_job_id", models.CharField(blank=True, max_length=64, null=True)),
                ("cached_last_invocation_datetime", models.DateTimeField(blank=True, null=True)),
                ("cached_last_invocation_result", models.CharField(blank=True, max_length=20, null=True)),
                ("cached_last_invocation_n_errors", models.PositiveIntegerField(blank=True, null=True)),
                ("cached_last_invocation_n_warnings", models.PositiveIntegerField(blank=True, null=True)),
                ("cached_next_ride", models.DateTimeField(blank=True, null=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="eztaskmanager.taskcategory",
                    ),
                ),
                (
                    "command",
                    models.ForeignKey(
                        limit_choices_to={"active": True},
                        on_delete=django.db.models.deletion.CASCADE,
                        to="eztaskmanager.appcommand",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LaunchReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("invocation_result", models.CharField(blank=True, default="", max_length=20)),
                ("invocation_datetime", models.DateTimeField(auto_now_add=True)),
                (
                    "task",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="eztaskmanager.task"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Log",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("timestamp", models.DateTimeField(auto_now_add=True)),
                ("level", models.CharField(max_length=10)),
                ("message", models.TextField()),
                (
                    "launch_report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="logs",
                        to="eztaskmanager.launchreport",
                    ),
                ),
            ],
        ),
    ]
