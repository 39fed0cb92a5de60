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
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'events'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[events]', N'U') IS NULL CREATE TABLE [crm].[events] (
  [id] uniqueidentifier NULL,
  [at] datetime2(7) NULL,
  [day] date NULL,
  [small] smallint NULL,
  [name] nvarchar(4000) NULL
)
WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX)
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60]
GO
CREATE TABLE [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60] (
  [id] nvarchar(40) NULL,
  [at] nvarchar(40) NULL,
  [day] date NULL,
  [small] smallint NULL,
  [name] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
COPY INTO [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60] ([id] 1, [at] 2, [day] 3, [small] 4, [name] 5, [_sdc_row] 6)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.parquet'
WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Snappy')
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=events')
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [crm].[events]
FROM [crm].[events] INNER JOIN [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60] AS [_sdc_staged] ON [crm].[events].[id] = [_sdc_staged].[id]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=events')
GO
INSERT INTO [crm].[events] ([id], [at], [day], [small], [name])
SELECT CAST([_sdc_staged].[id] AS uniqueidentifier), CAST([_sdc_staged].[at] AS datetime2(7)), [_sdc_staged].[day], [_sdc_staged].[small], CAST(CASE WHEN UNICODE([_sdc_staged].[name]) = 57344 THEN SUBSTRING([_sdc_staged].[name], 2, 2147483646) ELSE [_sdc_staged].[name] END AS nvarchar(4000))
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=events')
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[crm].[events]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=events')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_23bc11c7_20260102030405_b59e6c60]
GO
UPDATE [crm].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[crm].[events]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
