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
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[users]', N'U') IS NULL CREATE TABLE [dbo].[users] (
  [id] bigint NULL,
  [name] nvarchar(4000) NULL,
  [at] datetime2(7) NULL,
  [_sdc_deleted_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [dbo].[users] ADD [_sdc_valid_from] datetime2(7) NULL, [_sdc_valid_to] datetime2(7) NULL
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [dbo].[users] ADD [_sdc_table_version] bigint NULL, [_sdc_deleted_at] datetime2(7) NULL
GO
SELECT [load_id], [content] FROM [dbo].[_sdc_load_ledger]
WHERE [target] = N'[dbo].[users]' AND [closed_at] IS NULL AND [run_id] <> N'run1'
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [name] nvarchar(max) NULL,
  [at] datetime2(7) NULL,
  [_sdc_deleted_at] datetime2(7) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
COPY INTO [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] ([id] 1, [name] 2, [at] 3, [_sdc_deleted_at] 4, [_sdc_row] 5)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=users')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
SELECT SYSUTCDATETIME(), MAX([_sdc_valid_from]), MAX([_sdc_valid_to]) FROM [dbo].[users]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359]
GO
CREATE TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a] WITH (DISTRIBUTION = HASH([id]), HEAP) AS
SELECT q.*, ROW_NUMBER() OVER (PARTITION BY q.[id] ORDER BY q.[_sdc_row]) AS [_sdc_rank]
FROM (SELECT [_sdc_staged].[id] AS [id], CAST(CASE WHEN UNICODE([_sdc_staged].[name]) = 57344 THEN SUBSTRING([_sdc_staged].[name], 2, 2147483646) ELSE [_sdc_staged].[name] END AS nvarchar(4000)) AS [name], [_sdc_staged].[at] AS [at], [_sdc_staged].[_sdc_deleted_at] AS [_sdc_deleted_at], [_sdc_staged].[_sdc_row] AS [_sdc_row] FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] AS [_sdc_staged]
UNION ALL SELECT t.[id], t.[name], t.[at], CAST(NULL AS datetime2(7)), CAST(0 AS bigint) FROM [dbo].[users] AS t WHERE t.[_sdc_valid_to] IS NULL AND EXISTS (SELECT 1 FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] AS [_sdc_staged] WHERE t.[id] = [_sdc_staged].[id])) AS q
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=chain table=users')
GO
CREATE TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359] WITH (DISTRIBUTION = HASH([id]), HEAP) AS
SELECT q.[id], q.[name], q.[at], q.[_sdc_deleted_at], q.[_sdc_rank], DATEADD(microsecond, q.[_sdc_rank] - 1, CAST(N'2026-01-02T03:04:05.678901' AS datetime2(7))) AS [_sdc_valid_from], CASE WHEN q.[_sdc_rank] < COUNT(*) OVER (PARTITION BY q.[id]) THEN DATEADD(microsecond, q.[_sdc_rank], CAST(N'2026-01-02T03:04:05.678901' AS datetime2(7))) END AS [_sdc_valid_to]
FROM (SELECT n.[id] AS [id], n.[name] AS [name], n.[at] AS [at], n.[_sdc_deleted_at] AS [_sdc_deleted_at], CAST(ROW_NUMBER() OVER (PARTITION BY n.[id] ORDER BY n.[_sdc_rank]) AS int) AS [_sdc_rank]
FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a] AS n LEFT JOIN [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a] AS p ON p.[id] = n.[id] AND p.[_sdc_rank] = n.[_sdc_rank] - 1
WHERE n.[_sdc_row] > 0 AND ((n.[_sdc_deleted_at] IS NOT NULL AND NOT (p.[_sdc_rank] IS NULL OR p.[_sdc_deleted_at] IS NOT NULL)) OR (NOT (n.[_sdc_deleted_at] IS NOT NULL) AND (p.[_sdc_rank] IS NULL OR p.[_sdc_deleted_at] IS NOT NULL OR n.[name] COLLATE Latin1_General_100_BIN2 <> p.[name] COLLATE Latin1_General_100_BIN2 OR DATALENGTH(n.[name]) <> DATALENGTH(p.[name]) OR (n.[name] IS NULL AND p.[name] IS NOT NULL) OR (n.[name] IS NOT NULL AND p.[name] IS NULL) OR n.[at] <> p.[at] OR (n.[at] IS NULL AND p.[at] IS NOT NULL) OR (n.[at] IS NOT NULL AND p.[at] IS NULL))))) AS q
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=changes table=users')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[users] SET [_sdc_table_version] = 3
FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a] AS [_sdc_changed]
WHERE [_sdc_changed].[id] = [dbo].[users].[id] AND [dbo].[users].[_sdc_valid_to] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=version table=users')
GO
UPDATE [dbo].[users] SET [_sdc_valid_to] = [_sdc_changed].[_sdc_valid_from]
FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359] AS [_sdc_changed]
WHERE [_sdc_changed].[id] = [dbo].[users].[id] AND [_sdc_changed].[_sdc_rank] = 1 AND [dbo].[users].[_sdc_valid_to] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=close table=users')
GO
INSERT INTO [dbo].[users] ([id], [name], [at], [_sdc_deleted_at], [_sdc_valid_from], [_sdc_valid_to], [_sdc_table_version])
SELECT [_sdc_changed].[id], [_sdc_changed].[name], [_sdc_changed].[at], [_sdc_changed].[_sdc_deleted_at], [_sdc_changed].[_sdc_valid_from], [_sdc_changed].[_sdc_valid_to], CAST(3 AS bigint)
FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359] AS [_sdc_changed]
WHERE [_sdc_changed].[_sdc_deleted_at] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=users')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[users]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=users')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_e511d03a]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_0505e359]
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[users]
WHERE [_sdc_table_version] <> 3 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[users] SET [_sdc_valid_to] = CASE WHEN [_sdc_valid_from] >= SYSUTCDATETIME() THEN DATEADD(microsecond, 1, [_sdc_valid_from]) ELSE SYSUTCDATETIME() END
WHERE ([_sdc_table_version] <> 3 OR [_sdc_table_version] IS NULL) AND [_sdc_valid_to] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=users')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[users]', N'ACTIVATE_VERSION 3', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=users')
GO
COMMIT TRANSACTION
GO
SELECT COUNT_BIG(*) FROM [dbo].[users]
WHERE [_sdc_table_version] <> 3 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[users] SET [_sdc_valid_to] = CASE WHEN [_sdc_valid_from] >= SYSUTCDATETIME() THEN DATEADD(microsecond, 1, [_sdc_valid_from]) ELSE SYSUTCDATETIME() END
WHERE ([_sdc_table_version] <> 3 OR [_sdc_table_version] IS NULL) AND [_sdc_valid_to] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=users')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[users]', N'ACTIVATE_VERSION 3', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=users')
GO
COMMIT TRANSACTION
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[users]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
