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
SELECT s.name, c.name AS column_name
FROM sys.stats AS s
INNER JOIN sys.stats_columns AS x ON x.object_id = s.object_id AND x.stats_id = s.stats_id
INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE s.object_id = OBJECT_ID(N'[dbo].[users]', N'U') AND s.user_created = 1
ORDER BY s.stats_id, x.stats_column_id
GO
ALTER TABLE [dbo].[users] ALTER COLUMN [id] bigint NULL
GO
SELECT s.name, c.name AS column_name
FROM sys.stats AS s
INNER JOIN sys.stats_columns AS x ON x.object_id = s.object_id AND x.stats_id = s.stats_id
INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE s.object_id = OBJECT_ID(N'[dbo].[users]', N'U') AND s.user_created = 1
ORDER BY s.stats_id, x.stats_column_id
GO
ALTER TABLE [dbo].[users] ALTER COLUMN [name] nvarchar(200) NULL
GO
SELECT s.name, c.name AS column_name
FROM sys.stats AS s
INNER JOIN sys.stats_columns AS x ON x.object_id = s.object_id AND x.stats_id = s.stats_id
INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE s.object_id = OBJECT_ID(N'[dbo].[users]', N'U') AND s.user_created = 1
ORDER BY s.stats_id, x.stats_column_id
GO
ALTER TABLE [dbo].[users] ALTER COLUMN [Amount] decimal(12,4) NULL
GO
ALTER TABLE [dbo].[users] ADD [tags] nvarchar(4000) NULL, [born] date NULL
GO
SELECT c.name FROM sys.pdw_column_distribution_properties AS d
INNER JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id
WHERE d.object_id = OBJECT_ID(N'[dbo].[users]') AND d.distribution_ordinal > 0
ORDER BY d.distribution_ordinal
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [name] nvarchar(max) NULL,
  [Amount] decimal(12,4) NULL,
  [tags] nvarchar(max) NULL,
  [born] date NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] ([id] 1, [name] 2, [Amount] 3, [tags] 4, [born] 5, [_sdc_row] 6)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=users')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[users]
FROM [dbo].[users] INNER JOIN [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] AS [_sdc_staged] ON [dbo].[users].[id] = [_sdc_staged].[id]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=users')
GO
INSERT INTO [dbo].[users] ([id], [name], [Amount], [tags], [born])
SELECT [_sdc_staged].[id], CAST(CASE WHEN UNICODE([_sdc_staged].[name]) = 57344 THEN SUBSTRING([_sdc_staged].[name], 2, 2147483646) ELSE [_sdc_staged].[name] END AS nvarchar(200)), [_sdc_staged].[Amount], CAST(CASE WHEN UNICODE([_sdc_staged].[tags]) = 57344 THEN SUBSTRING([_sdc_staged].[tags], 2, 2147483646) ELSE [_sdc_staged].[tags] END AS nvarchar(4000)), [_sdc_staged].[born]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=users')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[users]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=users')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_b2fcc38f_20260102030405_b59e6c60]
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[users]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
