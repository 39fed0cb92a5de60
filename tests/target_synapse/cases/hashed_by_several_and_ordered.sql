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
  [id] bigint NULL,
  [code] nvarchar(20) NULL,
  [at] datetime2(7) NULL,
  [amount] decimal(38,2) NULL
)
WITH (DISTRIBUTION = HASH([id], [code]), CLUSTERED COLUMNSTORE INDEX ORDER ([at], [id]))
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [code] nvarchar(max) NULL,
  [at] datetime2(7) NULL,
  [amount] decimal(38,2) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] ([id] 1, [code] 2, [at] 3, [amount] 4, [_sdc_row] 5)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[orders]
FROM [dbo].[orders] INNER JOIN [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_staged] ON [dbo].[orders].[id] = [_sdc_staged].[id] AND [dbo].[orders].[code] = CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=orders')
GO
INSERT INTO [dbo].[orders] ([id], [code], [at], [amount])
SELECT [_sdc_staged].[id], CAST(CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END AS nvarchar(20)), [_sdc_staged].[at], [_sdc_staged].[amount]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id], CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[orders]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_82aacd3a_20260102030405_b59e6c60]
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[orders]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
