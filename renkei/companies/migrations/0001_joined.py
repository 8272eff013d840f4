"""The tables of firms, who knows them, their accounts, merging and imports, their functions and policies."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from renkei.base.tables import Tables
from renkei.companies.migrations import _functions, _policies


class Migration(migrations.Migration):

    replaces = [
        ('companies', '0001_initial'),
        ('companies', '0002_policies'),
        ('companies', '0003_meet'),
        ('companies', '0004_merging'),
        ('companies', '0005_merging_by_the_database'),
        ('companies', '0006_sites_and_earlier_names'),
        ('companies', '0007_parts_and_earlier_names'),
        ('companies', '0008_accounts'),
        ('companies', '0009_accounts_policies'),
        ('companies', '0010_imports'),
        ('companies', '0011_imports_policies'),
        ('companies', '0012_registered_numbers'),
        ('companies', '0013_accounts_go_over'),
        ('companies', '0014_distinct'),
    ]

    initial = True

    dependencies = [
        ('accounts', '0001_joined'),
        ('base', '0001_initial'),
        ('plan', '0003_closed_bodies'),
        ('post', '0001_joined'),
    ]

    operations = [
        Tables(
            migrations.CreateModel(
                name='Company',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('name', models.CharField(max_length=200, verbose_name='会社名')),
                    ('kana', models.CharField(blank=True, max_length=200, verbose_name='フリガナ')),
                    ('is_sole_proprietor', models.BooleanField(default=False, verbose_name='個人事業主')),
                    ('corporate_number', models.CharField(blank=True, max_length=13, null=True, unique=True, verbose_name='法人番号')),
                    ('postal_code', models.CharField(blank=True, max_length=8, verbose_name='郵便番号')),
                    ('municipality', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='plan.municipality', verbose_name='市町村')),
                    ('address', models.CharField(blank=True, max_length=300, verbose_name='所在地')),
                    ('estate', models.CharField(blank=True, max_length=100, verbose_name='工業団地')),
                    ('phone', models.CharField(blank=True, max_length=20, verbose_name='電話番号')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='メールアドレス')),
                    ('representative_title', models.CharField(blank=True, max_length=50, verbose_name='代表者の職名')),
                    ('representative', models.CharField(blank=True, max_length=100, verbose_name='代表者の氏名')),
                    ('capital_yen', models.BigIntegerField(blank=True, null=True, verbose_name='資本金（円）')),
                    ('employees', models.PositiveIntegerField(blank=True, null=True, verbose_name='従業員数')),
                    ('is_deemed_large', models.BooleanField(blank=True, null=True, verbose_name='みなし大企業')),
                    ('jsic_revision', models.CharField(blank=True, max_length=10, verbose_name='産業分類の版')),
                    ('jsic_code', models.CharField(blank=True, max_length=5, verbose_name='産業分類')),
                    ('jsic_name', models.CharField(blank=True, max_length=100, verbose_name='業種')),
                    ('products', models.TextField(blank=True, verbose_name='主要製品')),
                    ('strengths', models.TextField(blank=True, verbose_name='強み・設備')),
                    ('founded_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='創業年')),
                    ('entered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('entered_at', models.DateTimeField()),
                    ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='companies.company')),
                    ('changed_by_company_at', models.DateTimeField(null=True)),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                    ('name_key', models.CharField(db_index=True, editable=False, max_length=200)),
                    ('find_text', models.TextField(editable=False)),
                ],
                options={
                    'verbose_name': '会社',
                    'ordering': ['kana', 'name'],
                    'indexes': [
                        django.contrib.postgres.indexes.GinIndex(fields=['find_text'], name='company_find', opclasses=['gin_trgm_ops']),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='company_has_name'),
                        models.CheckConstraint(condition=models.Q(('capital_yen__isnull', True), ('capital_yen__gte', 0), _connector='OR'), name='company_capital'),
                        models.CheckConstraint(condition=models.Q(('is_sole_proprietor', False), ('corporate_number__isnull', True), _connector='OR'), name='company_sole_proprietor_without_number'),
                        models.CheckConstraint(condition=models.Q(('corporate_number__isnull', True), ('corporate_number__regex', '^[0-9]{13}$'), _connector='OR'), name='company_number_has_13_digits'),
                        models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('merged_into', models.F('id')), _negated=True), _connector='OR'), name='company_not_merged_into_itself'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CompanyPerson',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='people', to='companies.company')),
                    ('name', models.CharField(max_length=100, verbose_name='氏名')),
                    ('kana', models.CharField(blank=True, max_length=100, verbose_name='フリガナ')),
                    ('title', models.CharField(blank=True, max_length=100, verbose_name='役職')),
                    ('phone', models.CharField(blank=True, max_length=20, verbose_name='電話番号')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='メールアドレス')),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                    ('left_on', models.DateField(blank=True, null=True, verbose_name='退職日')),
                ],
                options={
                    'ordering': ['kana', 'name'],
                },
            ),
            migrations.CreateModel(
                name='Sight',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sights', to='companies.company')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('since', models.DateField()),
                    ('ended_on', models.DateField(null=True)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_on__isnull', True)), fields=('company', 'body'), name='sight_open_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CompanyAccess',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='companies.company')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='firms', to=settings.AUTH_USER_MODEL)),
                    ('role', models.CharField(choices=[('admin', '管理者'), ('member', '担当')], max_length=6, verbose_name='役割')),
                    ('since', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('invited_by_body', models.CharField(blank=True, max_length=40)),
                ],
                options={
                    'ordering': ['since'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'member'])), name='company_access_role'),
                        models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('company', 'person'), name='company_access_open_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CompanyInvitation',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='companies.company')),
                    ('email', models.EmailField(max_length=254, verbose_name='メールアドレス')),
                    ('name', models.CharField(blank=True, max_length=100, verbose_name='お名前')),
                    ('role', models.CharField(choices=[('admin', '管理者'), ('member', '担当')], max_length=6, verbose_name='役割')),
                    ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('invited_by_body', models.CharField(blank=True, max_length=40)),
                    ('invited_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('accepted_at', models.DateTimeField(null=True)),
                    ('withdrawn_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['-invited_at'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'member'])), name='company_invitation_role'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Distinct',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('first', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.company')),
                    ('second', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.company')),
                    ('why', models.CharField(blank=True, max_length=200, verbose_name='分かったわけ')),
                    ('decided_at', models.DateTimeField()),
                    ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('decided_body', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['-decided_at'],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('first', 'second'), name='distinct_once_a_pair'),
                        models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='distinct_pair_in_order'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CompanyImport',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('done_at', models.DateTimeField()),
                    ('name', models.CharField(max_length=200)),
                    ('digest', models.CharField(max_length=64)),
                    ('counts', models.JSONField(default=dict)),
                    ('undone_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['-done_at'],
                },
            ),
            migrations.CreateModel(
                name='ImportedRow',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imported', to='companies.companyimport')),
                    ('row', models.PositiveIntegerField()),
                    ('deed', models.CharField(choices=[('new', '新しい会社'), ('update', '直した会社'), ('person', '担当の方'), ('contact', 'やりとり')], max_length=7)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.company')),
                    ('subject', models.UUIDField(null=True)),
                    ('before', models.JSONField(default=dict)),
                    ('after', models.JSONField(default=dict)),
                    ('undone_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['row'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('deed__in', ['new', 'update', 'person', 'contact'])), name='imported_row_deed'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PastContact',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='past_contacts', to='companies.company')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('happened_on', models.DateField(verbose_name='やりとり日')),
                    ('channel', models.CharField(blank=True, max_length=40, verbose_name='手段')),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.companyperson')),
                    ('person_given', models.CharField(blank=True, max_length=100, verbose_name='相手')),
                    ('staff_given', models.CharField(blank=True, max_length=100, verbose_name='職員')),
                    ('text', models.TextField(max_length=4000, verbose_name='内容')),
                    ('written_at', models.DateTimeField()),
                    ('withdrawn_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['-happened_on'],
                    'indexes': [models.Index(fields=['company', '-happened_on'], name='past_contact_of_company')],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='past_contact_has_text'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Merge',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('into', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='companies.company')),
                    ('other', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merged_by', to='companies.company')),
                    ('other_name', models.CharField(max_length=200)),
                    ('chosen', models.JSONField(default=list)),
                    ('before', models.JSONField(default=dict)),
                    ('after', models.JSONField(default=dict)),
                    ('other_number', models.CharField(blank=True, max_length=13)),
                    ('done_at', models.DateTimeField()),
                    ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('done_body', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.body')),
                    ('undone_at', models.DateTimeField(null=True)),
                    ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['-done_at'],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('undone_at__isnull', True)), fields=('other',), name='merge_one_open_per_company'),
                        models.CheckConstraint(condition=models.Q(('into', models.F('other')), _negated=True), name='merge_of_two_companies'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='MergeMove',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('merge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='companies.merge')),
                    ('of_table', models.CharField(max_length=63)),
                    ('of_column', models.CharField(max_length=63)),
                    ('row_id', models.UUIDField()),
                    ('deed', models.CharField(choices=[('moved', '移した'), ('ended', '終えた'), ('stood', 'もとからあった')], max_length=5)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(fields=('merge', 'of_table', 'of_column', 'row_id'), name='merge_move_once'),
                        models.CheckConstraint(condition=models.Q(('deed__in', ['moved', 'ended', 'stood'])), name='merge_move_deed'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='RegisteredNumber',
                fields=[
                    ('number', models.CharField(max_length=13, primary_key=True, serialize=False)),
                    ('name', models.CharField(max_length=200)),
                    ('kana', models.CharField(blank=True, max_length=500)),
                    ('postal_code', models.CharField(blank=True, max_length=8)),
                    ('municipality', models.CharField(blank=True, max_length=6)),
                    ('address', models.CharField(blank=True, max_length=1000)),
                    ('closed_on', models.DateField(null=True)),
                    ('successor', models.CharField(blank=True, max_length=13)),
                    ('updated_on', models.DateField()),
                ],
            ),
            migrations.CreateModel(
                name='Site',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sites', to='companies.company')),
                    ('name', models.CharField(max_length=100, verbose_name='名前')),
                    ('role', models.CharField(choices=[('head', '本社'), ('factory', '工場'), ('office', '営業所'), ('lab', '研究所'), ('shop', '店舗'), ('other', 'その他')], default='factory', max_length=8, verbose_name='役目')),
                    ('postal_code', models.CharField(blank=True, max_length=8, verbose_name='郵便番号')),
                    ('municipality', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plan.municipality')),
                    ('address', models.CharField(blank=True, max_length=300, verbose_name='所在地')),
                    ('phone', models.CharField(blank=True, max_length=20, verbose_name='電話番号')),
                    ('since', models.DateField(blank=True, null=True, verbose_name='いつから')),
                    ('until', models.DateField(blank=True, null=True, verbose_name='いつまで')),
                ],
                options={
                    'ordering': [models.OrderBy(models.F('until'), descending=True, nulls_first=True), 'name'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('role__in', ['head', 'factory', 'office', 'lab', 'shop', 'other'])), name='site_role'),
                        models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='site_has_name'),
                        models.CheckConstraint(condition=models.Q(('since__isnull', True), ('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='site_ends_after_it_begins'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Former',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='formers', to='companies.company')),
                    ('kind', models.CharField(choices=[('name', '会社名'), ('person', '代表者')], max_length=6)),
                    ('value', models.CharField(max_length=200)),
                    ('value_key', models.CharField(editable=False, max_length=200)),
                    ('since', models.DateField(blank=True, null=True, verbose_name='いつから')),
                    ('until', models.DateField(blank=True, null=True, verbose_name='いつまで')),
                    ('written_at', models.DateTimeField()),
                ],
                options={
                    'ordering': [models.OrderBy(models.F('until'), descending=True, nulls_last=True), '-written_at'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('kind__in', ['name', 'person'])), name='former_kind'),
                        models.CheckConstraint(condition=models.Q(('value', ''), _negated=True), name='former_has_value'),
                        models.CheckConstraint(condition=models.Q(('since__isnull', True), ('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='former_ends_after_it_begins'),
                    ],
                },
            ),
        ),
        *_functions.OPERATIONS,
        *_policies.OPERATIONS,
    ]
