IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'ref') EXEC(N'CREATE SCHEMA [ref]')
GO
IF OBJECT_ID(N'[ref].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [ref].[_sdc_load_ledger] (
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
WHERE TABLE_SCHEMA = N'ref' AND TABLE_NAME = N'countries'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'ref') EXEC(N'CREATE SCHEMA [ref]')
GO
IF OBJECT_ID(N'[ref].[countries]', N'U') IS NULL CREATE TABLE [ref].[countries] (
  [code] nvarchar(2) NULL,
  [names] nvarchar(4000) NULL
)
WITH (DISTRIBUTION = REPLICATE, CLUSTERED COLUMNSTORE INDEX)
GO
IF OBJECT_ID(N'[ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60]
GO
CREATE TABLE [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60] (
  [code] nvarchar(max) NULL,
  [names] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60] ([code] 1, [names] 2, [_sdc_row] 3)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=countries')
GO
SELECT COUNT_BIG(*) FROM [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [ref].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [ref].[countries]
FROM [ref].[countries] INNER JOIN [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60] AS [_sdc_staged] ON [ref].[countries].[code] = CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=countries')
GO
INSERT INTO [ref].[countries] ([code], [names])
SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END AS nvarchar(2)), CAST(CASE WHEN UNICODE([_sdc_staged].[names]) = 57344 THEN SUBSTRING([_sdc_staged].[names], 2, 2147483646) ELSE [_sdc_staged].[names] END AS nvarchar(4000))
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[code]) = 57344 THEN SUBSTRING([_sdc_staged].[code], 2, 2147483646) ELSE [_sdc_staged].[code] END ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=countries')
GO
INSERT INTO [ref].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[ref].[countries]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=countries')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [ref].[_sdc_stg_e3f858ea_20260102030405_b59e6c60]
GO
UPDATE [ref].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[ref].[countries]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
