"""The tables of mails, links, notices and news, their functions and policies."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.db import migrations, models

from renkei.base.tables import Tables
from renkei.post.migrations import _functions, _policies


class Migration(migrations.Migration):

    replaces = [
        ('post', '0001_initial'),
        ('post', '0002_policies'),
        ('post', '0003_notice_policies'),
        ('post', '0004_more_purposes'),
        ('post', '0005_nudges'),
        ('post', '0006_calendar_links'),
        ('post', '0007_daily_is_not_read_back'),
        ('post', '0008_links_are_opened'),
    ]

    initial = True

    dependencies = [
        ('base', '0001_initial'),
    ]

    operations = [
        Tables(
            migrations.CreateModel(
                name='Link',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('purpose', models.CharField(choices=[('draft', '相談の下書き'), ('status', '状況の確認'), ('offer', '依頼への回答'), ('consent', '同意の確認'), ('join', '会社のアカウントへの招待'), ('partner', '機関の外の人への開示'), ('follow', 'その後の伺い')], max_length=8)),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('subject', models.UUIDField(null=True)),
                    ('case', models.UUIDField(null=True)),
                    ('company', models.UUIDField(null=True)),
                    ('body', models.CharField(blank=True, max_length=40)),
                    ('made_by_body', models.CharField(blank=True, max_length=40)),
                    ('classes', models.JSONField(default=list)),
                    ('recipient_name', models.CharField(blank=True, max_length=200)),
                    ('recipient_email', models.CharField(blank=True, max_length=254)),
                    ('made_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(null=True)),
                    ('opened_at', models.DateTimeField(null=True)),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['subject'], name='post_link_subject_1d4762_idx'),
                        models.Index(fields=['case'], name='post_link_case_6c9a31_idx'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('purpose__in', ['draft', 'status', 'offer', 'consent', 'join', 'partner', 'follow'])), name='link_purpose'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Mail',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('to', models.CharField(max_length=254)),
                    ('subject', models.CharField(max_length=200)),
                    ('text', models.TextField()),
                    ('about', models.UUIDField(null=True)),
                    ('case', models.UUIDField(null=True)),
                    ('purpose', models.CharField(max_length=40)),
                    ('made_by_body', models.CharField(blank=True, max_length=40)),
                    ('to_body', models.CharField(blank=True, max_length=40)),
                    ('made_at', models.DateTimeField()),
                    ('not_before', models.DateTimeField()),
                    ('state', models.CharField(choices=[('waiting', '送信待ち'), ('sent', '送信済み'), ('failed', '送れませんでした'), ('cancelled', '取りやめ'), ('joined', 'ほかのメールと一緒に送信済み'), ('bounced', '届きませんでした')], default='waiting', max_length=9)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('sent_at', models.DateTimeField(null=True)),
                    ('error', models.TextField(blank=True)),
                    ('daily', models.BooleanField(default=False)),
                    ('carrier', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='carried', to='post.mail')),
                ],
                options={
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'waiting')), fields=['not_before'], name='mail_due'),
                        models.Index(django.db.models.functions.text.Upper('to'), models.F('sent_at'), name='mail_to_sent'),
                        models.Index(fields=['case'], name='mail_case'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sent', 'failed', 'cancelled', 'joined', 'bounced'])), name='mail_state'),
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='mail_sent_has_time'),
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'joined'), _negated=True), ('carrier__isnull', False), _connector='OR'), name='mail_joined_has_carrier'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ScreenMail',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('to', models.CharField(max_length=254)),
                    ('subject', models.CharField(max_length=200)),
                    ('text', models.TextField()),
                    ('sent_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-sent_at', '-id'],
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('from_body', models.CharField(max_length=40)),
                    ('by_person', models.UUIDField()),
                    ('title', models.CharField(max_length=100)),
                    ('text', models.TextField(max_length=4000)),
                    ('asks_answer', models.BooleanField(default=False)),
                    ('due_on', models.DateField(blank=True, null=True)),
                    ('sent_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-sent_at'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='notice_has_title'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='NoticeReceipt',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('notice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='post.notice')),
                    ('body', models.CharField(max_length=40)),
                    ('read_at', models.DateTimeField(null=True)),
                    ('read_by', models.UUIDField(null=True)),
                    ('answer', models.TextField(blank=True, max_length=2000)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('answered_by', models.UUIDField(null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('notice', 'body'), name='notice_once_per_body')],
                },
            ),
            migrations.CreateModel(
                name='Nudge',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('person', models.UUIDField(null=True)),
                    ('body', models.CharField(max_length=40)),
                    ('address', models.CharField(blank=True, max_length=254)),
                    ('name', models.CharField(blank=True, max_length=200)),
                    ('kind', models.CharField(max_length=20)),
                    ('about', models.UUIDField()),
                    ('case', models.UUIDField()),
                    ('number', models.CharField(max_length=30)),
                    ('title', models.CharField(max_length=200)),
                    ('words', models.TextField()),
                    ('made_at', models.DateTimeField()),
                    ('settled_at', models.DateTimeField(null=True)),
                    ('read_at', models.DateTimeField(null=True)),
                    ('read_by', models.UUIDField(null=True)),
                    ('mail', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='nudges', to='post.mail')),
                ],
                options={
                    'ordering': ['-made_at'],
                    'indexes': [
                        models.Index(condition=models.Q(('read_at', None), ('settled_at', None)), fields=['body', 'person'], name='nudge_open'),
                        models.Index(condition=models.Q(('settled_at', None)), fields=['case'], name='nudge_case'),
                        models.Index(django.db.models.functions.text.Upper('address'), condition=models.Q(('mail', None), ('read_at', None), ('settled_at', None)), name='nudge_to_mail'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='nudge_has_title'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Wishes',
                fields=[
                    ('person', models.UUIDField(primary_key=True, serialize=False)),
                    ('by_mail', models.BooleanField(default=True)),
                    ('minute', models.PositiveSmallIntegerField(null=True)),
                    ('days', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, size=None)),
                    ('without', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                    ('changed_at', models.DateTimeField()),
                ],
                options={
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('minute__isnull', True), ('minute__lt', 1440), _connector='OR'), name='wishes_minute_in_day'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CalendarLink',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('person', models.UUIDField()),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('with_words', models.BooleanField(default=False)),
                    ('made_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('person',), name='calendar_one_alive'),
                    ],
                },
            ),
        ),
        *_functions.OPERATIONS,
        *_policies.OPERATIONS,
    ]
