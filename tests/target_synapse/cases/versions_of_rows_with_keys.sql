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
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'members'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[members]', N'U') IS NULL CREATE TABLE [dbo].[members] (
  [list_id] nvarchar(50) NULL,
  [contact_id] nvarchar(50) NULL
)
WITH (DISTRIBUTION = HASH([list_id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'members'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [dbo].[members] ADD [_sdc_table_version] bigint NULL, [_sdc_deleted_at] datetime2(7) NULL
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60] (
  [list_id] nvarchar(max) NULL,
  [contact_id] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60] ([list_id] 1, [contact_id] 2, [_sdc_row] 3)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=members')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[members]
FROM [dbo].[members] INNER JOIN [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60] AS [_sdc_staged] ON [dbo].[members].[list_id] = CASE WHEN UNICODE([_sdc_staged].[list_id]) = 57344 THEN SUBSTRING([_sdc_staged].[list_id], 2, 2147483646) ELSE [_sdc_staged].[list_id] END AND [dbo].[members].[contact_id] = CASE WHEN UNICODE([_sdc_staged].[contact_id]) = 57344 THEN SUBSTRING([_sdc_staged].[contact_id], 2, 2147483646) ELSE [_sdc_staged].[contact_id] END
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=members')
GO
INSERT INTO [dbo].[members] ([list_id], [contact_id], [_sdc_table_version])
SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[list_id]) = 57344 THEN SUBSTRING([_sdc_staged].[list_id], 2, 2147483646) ELSE [_sdc_staged].[list_id] END AS nvarchar(50)), CAST(CASE WHEN UNICODE([_sdc_staged].[contact_id]) = 57344 THEN SUBSTRING([_sdc_staged].[contact_id], 2, 2147483646) ELSE [_sdc_staged].[contact_id] END AS nvarchar(50)), CAST(1767225600 AS bigint)
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[list_id]) = 57344 THEN SUBSTRING([_sdc_staged].[list_id], 2, 2147483646) ELSE [_sdc_staged].[list_id] END, CASE WHEN UNICODE([_sdc_staged].[contact_id]) = 57344 THEN SUBSTRING([_sdc_staged].[contact_id], 2, 2147483646) ELSE [_sdc_staged].[contact_id] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=members')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[members]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=members')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_f2e2c217_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[members]
WHERE [_sdc_table_version] <> 1767225600 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
DELETE FROM [dbo].[members]
WHERE ([_sdc_table_version] <> 1767225600 OR [_sdc_table_version] IS NULL)
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=members')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[members]', N'ACTIVATE_VERSION 1767225600', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=members')
GO
COMMIT TRANSACTION
GO
SELECT COUNT_BIG(*) FROM [dbo].[members]
WHERE [_sdc_table_version] <> 1767225600 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [dbo].[members] SET [_sdc_deleted_at] = SYSUTCDATETIME()
WHERE ([_sdc_table_version] <> 1767225600 OR [_sdc_table_version] IS NULL) AND [_sdc_deleted_at] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=members')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[dbo].[members]', N'ACTIVATE_VERSION 1767225600', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=members')
GO
COMMIT TRANSACTION
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[members]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
