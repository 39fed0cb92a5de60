IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [crm].[_sdc_load_ledger] (
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
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[users]', N'U') IS NULL CREATE TABLE [crm].[users] (
  [id] bigint NULL,
  [name] nvarchar(20) NULL,
  [_sdc_deleted_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT p.distribution_policy_desc, c.name
FROM sys.pdw_table_distribution_properties AS p
LEFT JOIN sys.pdw_column_distribution_properties AS d ON d.object_id = p.object_id AND d.distribution_ordinal > 0
LEFT JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id
WHERE p.object_id = OBJECT_ID(N'[crm].[users]', N'U')
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'users'
ORDER BY ORDINAL_POSITION
GO
ALTER TABLE [crm].[users] ADD [_sdc_table_version] bigint NULL, [_sdc_deleted_at] datetime2(7) NULL
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60]
GO
CREATE TABLE [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [name] nvarchar(max) NULL,
  [_sdc_deleted_at] datetime2(7) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
COPY INTO [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60] ([id] 1, [name] 2, [_sdc_deleted_at] 3, [_sdc_row] 4)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=users')
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
MERGE INTO [crm].[users] AS t
USING (SELECT [_sdc_staged].[id] AS [id], CAST(CASE WHEN UNICODE([_sdc_staged].[name]) = 57344 THEN SUBSTRING([_sdc_staged].[name], 2, 2147483646) ELSE [_sdc_staged].[name] END AS nvarchar(20)) AS [name], [_sdc_staged].[_sdc_deleted_at] AS [_sdc_deleted_at]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1) AS [_sdc_staged]
ON t.[id] = [_sdc_staged].[id]
WHEN MATCHED AND [_sdc_staged].[_sdc_deleted_at] IS NOT NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET [name] = [_sdc_staged].[name], [_sdc_deleted_at] = [_sdc_staged].[_sdc_deleted_at], [_sdc_table_version] = CAST(5 AS bigint)
WHEN NOT MATCHED BY TARGET AND NOT ([_sdc_staged].[_sdc_deleted_at] IS NOT NULL) THEN INSERT ([id], [name], [_sdc_deleted_at], [_sdc_table_version]) VALUES ([_sdc_staged].[id], [_sdc_staged].[name], [_sdc_staged].[_sdc_deleted_at], CAST(5 AS bigint))
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=merge table=users');
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[crm].[users]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=users')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_e5b05f34_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [crm].[users]
WHERE [_sdc_table_version] <> 5 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
DELETE FROM [crm].[users]
WHERE ([_sdc_table_version] <> 5 OR [_sdc_table_version] IS NULL)
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=users')
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[crm].[users]', N'ACTIVATE_VERSION 5', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=users')
GO
COMMIT TRANSACTION
GO
SELECT COUNT_BIG(*) FROM [crm].[users]
WHERE [_sdc_table_version] <> 5 OR [_sdc_table_version] IS NULL
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'random'
GO
BEGIN TRANSACTION
GO
UPDATE [crm].[users] SET [_sdc_deleted_at] = SYSUTCDATETIME()
WHERE ([_sdc_table_version] <> 5 OR [_sdc_table_version] IS NULL) AND [_sdc_deleted_at] IS NULL
OPTION (LABEL = N'target-synapse run=run1 load=random step=activate table=users')
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'random', N'run1', N'[crm].[users]', N'ACTIVATE_VERSION 5', 0, 1, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=random step=ledger table=users')
GO
COMMIT TRANSACTION
GO
UPDATE [crm].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[crm].[users]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
