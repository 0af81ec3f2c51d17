import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('masterdata', '0005_flex'),
    ]

    operations = [
        migrations.AddField(
            model_name='lane',
            name='transport_mode',
            field=models.CharField(blank=True, default='', max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='lane',
            name='units_per_load',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name='routing',
            name='setup_hours',
            field=models.FloatField(default=0, validators=[django.core.validators.MinValueValidator(0)]),
        ),
        migrations.CreateModel(
            name='Way',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('months', models.PositiveSmallIntegerField()),
                ('org', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='masterdata.org')),
                ('site', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='masterdata.site')),
                ('to_site', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='masterdata.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.comparison.Coalesce('site', 0), django.db.models.functions.comparison.Coalesce('org', 0), django.db.models.functions.comparison.Coalesce('to_site', 0), models.F('months'), name='way_once'), models.CheckConstraint(condition=models.Q(('org__isnull', True), ('to_site__isnull', True), _connector='OR'), name='way_one_end')],
            },
        ),
    ]
