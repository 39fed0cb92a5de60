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
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'tags'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[tags]', N'U') IS NULL CREATE TABLE [dbo].[tags] (
  [a] nvarchar(20) NULL,
  [b] bigint NULL
)
WITH (DISTRIBUTION = HASH([a]), CLUSTERED COLUMNSTORE INDEX)
GO
SELECT p.distribution_policy_desc, c.name
FROM sys.pdw_table_distribution_properties AS p
LEFT JOIN sys.pdw_column_distribution_properties AS d ON d.object_id = p.object_id AND d.distribution_ordinal > 0
LEFT JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id
WHERE p.object_id = OBJECT_ID(N'[dbo].[tags]', N'U')
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'tags'
ORDER BY ORDINAL_POSITION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60] (
  [a] nvarchar(max) NULL,
  [b] bigint NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
COPY INTO [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60] ([a] 1, [b] 2, [_sdc_row] 3)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=tags')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
MERGE INTO [dbo].[tags] AS t
USING (SELECT CAST(CASE WHEN UNICODE([_sdc_staged].[a]) = 57344 THEN SUBSTRING([_sdc_staged].[a], 2, 2147483646) ELSE [_sdc_staged].[a] END AS nvarchar(20)) AS [a], [_sdc_staged].[b] AS [b]
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY CASE WHEN UNICODE([_sdc_staged].[a]) = 57344 THEN SUBSTRING([_sdc_staged].[a], 2, 2147483646) ELSE [_sdc_staged].[a] END, [_sdc_staged].[b] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1) AS [_sdc_staged]
ON t.[a] = [_sdc_staged].[a] AND t.[b] = [_sdc_staged].[b]
WHEN NOT MATCHED BY TARGET THEN INSERT ([a], [b]) VALUES ([_sdc_staged].[a], [_sdc_staged].[b])
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=merge table=tags');
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[tags]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=tags')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_6931d3d0_20260102030405_b59e6c60]
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[tags]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
