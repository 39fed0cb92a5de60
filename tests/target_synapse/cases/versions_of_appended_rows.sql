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
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'events'
ORDER BY ORDINAL_POSITION
GO
SELECT c.name FROM sys.pdw_column_distribution_properties AS d
INNER JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id
WHERE d.object_id = OBJECT_ID(N'[dbo].[events]') AND d.distribution_ordinal > 0
ORDER BY d.distribution_ordinal
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'events'
ORDER BY ORDINAL_POSITION
GO
SELECT s.name, c.name AS column_name
FROM sys.stats AS s
INNER JOIN sys.stats_columns AS x ON x.object_id = s.object_id AND x.stats_id = s.stats_id
INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE s.object_id = OBJECT_ID(N'[dbo].[events]', N'U') AND s.user_created = 1
ORDER BY s.stats_id, x.stats_column_id
GO
ALTER TABLE [dbo].[events] ALTER COLUMN [_sdc_table_version] bigint NULL
GO
ALTER TABLE [dbo].[events] ADD [_sdc_deleted_at] datetime2(7) NULL
GO
SELECT [load_id], [content] FROM [dbo].[_sdc_load_ledger]
WHERE [target] = N'[dbo].[events]' AND [closed_at] IS NULL AND [run_id] <> N'run1'
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60] (
  [at] datetime2(7) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60] ([at] 1, [_sdc_row] 2)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=events')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
INSERT INTO [dbo].[events] ([at], [_sdc_table_version])
SELECT [_sdc_staged].[at], CAST(-1 AS bigint)
FROM [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60] AS [_sdc_staged]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=events')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[events]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=events')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_9caf750d_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[events]
WHERE [_sdc_table_version] <> -1 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
DELETE FROM [dbo].[events]
WHERE ([_sdc_table_version] <> -1 OR [_sdc_table_version] IS NULL)
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=events')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[events]', N'ACTIVATE_VERSION -1', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=events')
GO
COMMIT TRANSACTION
GO
SELECT COUNT_BIG(*) FROM [dbo].[events]
WHERE [_sdc_table_version] <> -1 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[events] SET [_sdc_deleted_at] = SYSUTCDATETIME()
WHERE ([_sdc_table_version] <> -1 OR [_sdc_table_version] IS NULL) AND [_sdc_deleted_at] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=events')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[events]', N'ACTIVATE_VERSION -1', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=events')
GO
COMMIT TRANSACTION
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[events]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
