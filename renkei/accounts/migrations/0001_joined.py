"""The tables of people, their memberships, invitations, absences and reviews, their functions and policies."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from renkei.base.tables import Tables
from renkei.accounts.migrations import _functions, _policies


class Migration(migrations.Migration):

    replaces = [
        ('accounts', '0001_initial'),
        ('accounts', '0002_invitations'),
        ('accounts', '0003_never_without_administrator'),
        ('accounts', '0004_absences'),
        ('accounts', '0005_member_reviews'),
        ('accounts', '0006_member_review_policies'),
        ('accounts', '0007_no_member_of_a_closed_body'),
        ('accounts', '0008_teams'),
    ]

    initial = True

    dependencies = [
        ('base', '0001_initial'),
        ('plan', '0003_closed_bodies'),
    ]

    operations = [
        Tables(
            migrations.CreateModel(
                name='Person',
                fields=[
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('email', models.EmailField(max_length=254, unique=True, verbose_name='メールアドレス')),
                    ('name', models.CharField(max_length=100, verbose_name='氏名')),
                    ('kana', models.CharField(blank=True, max_length=100, verbose_name='フリガナ')),
                    ('phone', models.CharField(blank=True, max_length=20, verbose_name='電話番号')),
                    ('is_active', models.BooleanField(default=True)),
                ],
                options={
                    'ordering': ['kana', 'name'],
                },
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='plan.body')),
                    ('role', models.CharField(max_length=40, verbose_name='役割')),
                    ('title', models.CharField(blank=True, max_length=100, verbose_name='肩書')),
                    ('is_admin', models.BooleanField(default=False, verbose_name='機関の管理者')),
                    ('since', models.DateField(verbose_name='着任日')),
                    ('until', models.DateField(blank=True, null=True, verbose_name='離任日')),
                    ('specialities', models.JSONField(default=list, verbose_name='得意分野')),
                    ('team', models.CharField(blank=True, max_length=60, verbose_name='課・チーム')),
                ],
                options={
                    'ordering': ['body__order', 'person__kana'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='membership_ends_after_start'),
                        models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('person', 'body'), name='membership_one_open_per_body'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Invitation',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='plan.body')),
                    ('email', models.EmailField(max_length=254, verbose_name='メールアドレス')),
                    ('name', models.CharField(max_length=100, verbose_name='氏名')),
                    ('role', models.CharField(max_length=40, verbose_name='役割')),
                    ('title', models.CharField(blank=True, max_length=100, verbose_name='肩書')),
                    ('is_admin', models.BooleanField(default=False, verbose_name='機関の管理者')),
                    ('since', models.DateField(verbose_name='着任日')),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('made_at', models.DateTimeField()),
                    ('sent_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('accepted_at', models.DateTimeField(null=True)),
                    ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('withdrawn_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['-made_at'],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('body', 'email'), name='invitation_one_open_per_address'),
                        models.CheckConstraint(condition=models.Q(models.Q(('accepted_at__isnull', True), ('accepted_by__isnull', True)), models.Q(('accepted_at__isnull', False), ('accepted_by__isnull', False), ('withdrawn_at__isnull', True)), _connector='OR'), name='invitation_accepted_by_somebody'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Absence',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to=settings.AUTH_USER_MODEL)),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('since', models.DateField(verbose_name='いつから')),
                    ('until', models.DateField(verbose_name='いつまで')),
                    ('substitute', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('made_at', models.DateTimeField()),
                    ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('cancelled_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['since', 'until'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('until__gte', models.F('since'))), name='absence_ends_after_start'),
                        models.CheckConstraint(condition=models.Q(('substitute', models.F('person')), _negated=True), name='absence_substitute_is_somebody_else'),
                        django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at__isnull', True)), expressions=[('person', '='), ('body', '='), (models.Func('since', 'until', models.Value('[]'), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='absence_no_overlap'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='AbsenceNote',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('absence', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='note', to='accounts.absence')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('text', models.CharField(max_length=200, verbose_name='自分だけの覚え')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='MemberReview',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='member_reviews', to='plan.body')),
                    ('half', models.DateField()),
                    ('signed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('signed_at', models.DateTimeField()),
                    ('verdicts', models.JSONField()),
                ],
                options={
                    'ordering': ['-half', 'body__order'],
                    'constraints': [
                        models.UniqueConstraint(fields=('body', 'half'), name='member_review_once_a_half_year'),
                    ],
                },
            ),
        ),
        *_functions.OPERATIONS,
        *_policies.OPERATIONS,
    ]
