IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [dbo].[_sdc_load_ledger] (
  [load_id] nvarchar(64) NULL,
  [run_id] nvarchar(64) NULL,
  [target] nvarchar(600) NULL,
  [content] nvarchar(64) NULL,
  [files] bigint NULL,
  [rows] bigint NULL,
  [committed_at] datetime2(7) NULL,
  [closed_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders]', N'U') IS NULL CREATE TABLE [dbo].[orders] (
  [id] nvarchar(20) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [dbo].[orders] ADD [_sdc_record_id] nvarchar(64) NULL
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders__items]', N'U') IS NULL CREATE TABLE [dbo].[orders__items] (
  [_sdc_source_record_id] nvarchar(64) NULL,
  [_sdc_level_0_id] bigint NULL,
  [sku] nvarchar(20) NULL
)
WITH (DISTRIBUTION = HASH([_sdc_source_record_id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items__sizes'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__items__sizes'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders__items__sizes]', N'U') IS NULL CREATE TABLE [dbo].[orders__items__sizes] (
  [_sdc_source_record_id] nvarchar(64) NULL,
  [_sdc_level_0_id] bigint NULL,
  [_sdc_level_1_id] bigint NULL,
  [value] bigint NULL
)
WITH (DISTRIBUTION = HASH([_sdc_source_record_id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__tags'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders__tags'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[orders__tags]', N'U') IS NULL CREATE TABLE [dbo].[orders__tags] (
  [_sdc_source_record_id] nvarchar(64) NULL,
  [_sdc_level_0_id] bigint NULL,
  [value] nvarchar(4000) NULL
)
WITH (DISTRIBUTION = HASH([_sdc_source_record_id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [dbo].[orders] ADD [_sdc_table_version] bigint NULL, [_sdc_deleted_at] datetime2(7) NULL
GO
SELECT [load_id], [content] FROM [dbo].[_sdc_load_ledger]
WHERE [target] = N'[dbo].[orders]' AND [closed_at] IS NULL AND [run_id] <> N'run1'
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] (
  [_sdc_source_row] bigint NULL,
  [_sdc_level_0_id] bigint NULL,
  [sku] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] ([_sdc_source_row] 1, [_sdc_level_0_id] 2, [sku] 3, [_sdc_row] 4)
FROM 'https://acct.blob.core.windows.net/stage/child/3'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders__items')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] (
  [_sdc_source_row] bigint NULL,
  [_sdc_level_0_id] bigint NULL,
  [_sdc_level_1_id] bigint NULL,
  [value] bigint NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] ([_sdc_source_row] 1, [_sdc_level_0_id] 2, [_sdc_level_1_id] 3, [value] 4, [_sdc_row] 5)
FROM 'https://acct.blob.core.windows.net/stage/child/4'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders__items__sizes')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_159df607]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607] (
  [_sdc_source_row] bigint NULL,
  [_sdc_level_0_id] bigint NULL,
  [value] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607] ([_sdc_source_row] 1, [_sdc_level_0_id] 2, [value] 3, [_sdc_row] 4)
FROM 'https://acct.blob.core.windows.net/stage/child/3'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders__tags')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] (
  [id] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] ([id] 1, [_sdc_row] 2)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.parquet'
WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Snappy')
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
INSERT INTO [dbo].[orders__items] ([_sdc_source_record_id], [_sdc_level_0_id], [sku])
SELECT N'load1-' + CAST([_sdc_of_record].[_sdc_row] AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], CAST(CASE WHEN UNICODE([_sdc_staged].[sku]) = 57344 THEN SUBSTRING([_sdc_staged].[sku], 2, 2147483646) ELSE [_sdc_staged].[sku] END AS nvarchar(20))
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b] AS [_sdc_staged] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders__items')
GO
INSERT INTO [dbo].[orders__items__sizes] ([_sdc_source_record_id], [_sdc_level_0_id], [_sdc_level_1_id], [value])
SELECT N'load1-' + CAST([_sdc_of_record].[_sdc_row] AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], [_sdc_staged].[_sdc_level_1_id], [_sdc_staged].[value]
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235] AS [_sdc_staged] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders__items__sizes')
GO
INSERT INTO [dbo].[orders__tags] ([_sdc_source_record_id], [_sdc_level_0_id], [value])
SELECT N'load1-' + CAST([_sdc_of_record].[_sdc_row] AS nvarchar(20)), [_sdc_staged].[_sdc_level_0_id], CAST(CASE WHEN UNICODE([_sdc_staged].[value]) = 57344 THEN SUBSTRING([_sdc_staged].[value], 2, 2147483646) ELSE [_sdc_staged].[value] END AS nvarchar(4000))
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607] AS [_sdc_staged] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_of_record] ON [_sdc_of_record].[_sdc_row] = [_sdc_staged].[_sdc_source_row]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders__tags')
GO
INSERT INTO [dbo].[orders] ([id], [_sdc_table_version], [_sdc_record_id])
SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[id]) = 57344 THEN SUBSTRING([_sdc_staged].[id], 2, 2147483646) ELSE [_sdc_staged].[id] END AS nvarchar(20)), CAST(7 AS bigint), N'load1-' + CAST([_sdc_staged].[_sdc_row] AS nvarchar(20))
FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_staged]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[orders]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_9d47561b]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_e1194235]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_159df607]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_159df607]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[orders]
WHERE [_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[orders__items]
FROM [dbo].[orders__items] INNER JOIN (SELECT [_sdc_record_id] FROM [dbo].[orders] WHERE ([_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL)) AS [_sdc_gone] ON [dbo].[orders__items].[_sdc_source_record_id] = [_sdc_gone].[_sdc_record_id]
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=orders__items')
GO
DELETE [dbo].[orders__items__sizes]
FROM [dbo].[orders__items__sizes] INNER JOIN (SELECT [_sdc_record_id] FROM [dbo].[orders] WHERE ([_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL)) AS [_sdc_gone] ON [dbo].[orders__items__sizes].[_sdc_source_record_id] = [_sdc_gone].[_sdc_record_id]
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=orders__items__sizes')
GO
DELETE [dbo].[orders__tags]
FROM [dbo].[orders__tags] INNER JOIN (SELECT [_sdc_record_id] FROM [dbo].[orders] WHERE ([_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL)) AS [_sdc_gone] ON [dbo].[orders__tags].[_sdc_source_record_id] = [_sdc_gone].[_sdc_record_id]
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=orders__tags')
GO
DELETE FROM [dbo].[orders]
WHERE ([_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL)
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=orders')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[orders]', N'ACTIVATE_VERSION 7', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
SELECT COUNT_BIG(*) FROM [dbo].[orders]
WHERE [_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[orders] SET [_sdc_deleted_at] = SYSUTCDATETIME()
WHERE ([_sdc_table_version] <> 7 OR [_sdc_table_version] IS NULL) AND [_sdc_deleted_at] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=orders')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[orders]', N'ACTIVATE_VERSION 7', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[orders]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
