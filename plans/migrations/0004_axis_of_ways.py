from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('plans', '0003_scenario_expiry'),
    ]

    operations = [
        migrations.AlterField(
            model_name='storedaxis',
            name='kind',
            field=models.CharField(choices=[('product_org', 'product × sales organisation'), ('product_site', 'product × site'), ('resource', 'resource'), ('material', 'material × site'), ('product_way', 'product × way'), ('product_tree', 'product tree'), ('org_tree', 'sales organisation tree')], max_length=16),
        ),
    ]
