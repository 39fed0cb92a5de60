IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'shop') EXEC(N'CREATE SCHEMA [shop]')
GO
IF OBJECT_ID(N'[shop].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [shop].[_sdc_load_ledger] (
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
WHERE TABLE_SCHEMA = N'shop' AND TABLE_NAME = N'orders'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'shop') EXEC(N'CREATE SCHEMA [shop]')
GO
IF OBJECT_ID(N'[shop].[orders]', N'U') IS NULL CREATE TABLE [shop].[orders] (
  [region] nvarchar(4000) NULL,
  [number] bigint NULL,
  [lines] nvarchar(max) NULL,
  [note] nvarchar(max) NULL
)
WITH (DISTRIBUTION = HASH([region]), HEAP)
GO
IF OBJECT_ID(N'[shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60]
GO
CREATE TABLE [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60] (
  [region] nvarchar(max) NULL,
  [number] bigint NULL,
  [lines] nvarchar(max) NULL,
  [note] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60] ([region] 1, [number] 2, [lines] 3, [note] 4, [_sdc_row] 5)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=orders')
GO
SELECT COUNT_BIG(*) FROM [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [shop].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [shop].[orders]
FROM [shop].[orders] INNER JOIN [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60] AS [_sdc_staged] ON [shop].[orders].[region] = CASE WHEN UNICODE([_sdc_staged].[region]) = 57344 THEN SUBSTRING([_sdc_staged].[region], 2, 2147483646) ELSE [_sdc_staged].[region] END AND [shop].[orders].[number] = [_sdc_staged].[number]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=orders')
GO
INSERT INTO [shop].[orders] ([region], [number], [lines], [note])
SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[region]) = 57344 THEN SUBSTRING([_sdc_staged].[region], 2, 2147483646) ELSE [_sdc_staged].[region] END AS nvarchar(4000)), [_sdc_staged].[number], CAST(CASE WHEN UNICODE([_sdc_staged].[lines]) = 57344 THEN SUBSTRING([_sdc_staged].[lines], 2, 2147483646) ELSE [_sdc_staged].[lines] END AS nvarchar(max)), CAST(CASE WHEN UNICODE([_sdc_staged].[note]) = 57344 THEN SUBSTRING([_sdc_staged].[note], 2, 2147483646) ELSE [_sdc_staged].[note] END AS nvarchar(max))
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[region]) = 57344 THEN SUBSTRING([_sdc_staged].[region], 2, 2147483646) ELSE [_sdc_staged].[region] END, [_sdc_staged].[number] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=orders')
GO
INSERT INTO [shop].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[shop].[orders]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=orders')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [shop].[_sdc_stg_fb4cf293_20260102030405_b59e6c60]
GO
UPDATE [shop].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[shop].[orders]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
